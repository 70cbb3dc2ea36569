// Rules that name the card and no link.
#include "doctor/by_interface.hh"

#include <gmock/gmock.h>

namespace cuttle::doctor {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// As nft prints it.
std::string ruleset(const std::string& rules) {
  return "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n" +
         rules + "\t}\n}\ntable inet cuttle {\n\tchain entry-ct-b {\n\t\tiifname \"ct-b\" accept\n\t}\n}\n";
}

TEST(RulesByInterface, TheCardIsNamedAndNoLinkIs) {
  for (const char* name : {"iifname", "iif"}) {
    const Findings findings = examine_rules_by_interface(
        ruleset("\t\t" + std::string(name) + " \"eth0\" tcp dport { 3300, 6800-7300 } accept\n"),
        {"eth1", "eth0"});
    ASSERT_THAT(findings, SizeIs(1)) << name;
    EXPECT_THAT(findings[0].what, HasSubstr("lets new connections in by eth0, by its name"));
  }
}

TEST(RulesByInterface, TheLinksAreNamedToo) {
  EXPECT_THAT(examine_rules_by_interface(ruleset("\t\tiifname \"eth0\" tcp dport 6800-7300 accept\n"
                                                 "\t\tiifname \"ct-*\" tcp dport 6800-7300 accept\n"),
                                         {"eth0"}),
              IsEmpty());
}

TEST(RulesByInterface, NoInterfaceOrAnotherIsNamed) {
  for (const char* rule :
       {"\t\ttcp dport 6800-7300 accept\n", "\t\tiifname \"eth01\" tcp dport 22 accept\n",
        "\t\tiifname \"eth0\" tcp dport 22 drop\n", "\t\toifname \"eth0\" tcp dport 22 accept\n",
        "\t\tiifname \"eth0\" jump public\n"}) {
    EXPECT_THAT(examine_rules_by_interface(ruleset(rule), {"eth0"}), IsEmpty()) << rule;
  }
  EXPECT_THAT(examine_rules_by_interface("", {"eth0"}), IsEmpty());
}

}  // namespace
}  // namespace cuttle::doctor
