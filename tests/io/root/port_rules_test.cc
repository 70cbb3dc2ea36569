#include "io/port_rules.hh"

#include <gmock/gmock.h>

#include "io/routes.hh"
#include "udp_fixture.hh"

namespace cuttle {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr uint32_t kTable = 4411;

PortRange range(const char* text) {
  return PortRange::parse(text).value();
}

class PortRulesTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    inside_ = std::make_unique<Inside>(*a_);
  }
  static std::vector<PortRule> sorted(std::vector<PortRule> rules) {
    std::sort(rules.begin(), rules.end());
    return rules;
  }
  static void set(const std::vector<PortRule>& rules) {
    const auto done = set_port_rules(kTable, rules);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_THAT(list_port_rules(kTable).value(), ElementsAreArray(sorted(rules)));
  }
  std::unique_ptr<Inside> inside_;
};

TEST_F(PortRulesTest, are_set_exactly_and_leave_others_alone) {
  run("ip rule add pref 101 to 10.9.0.2 ipproto tcp dport 6789 lookup 4411");             // not ours
  run("ip rule add pref 101 to 10.9.0.3 ipproto tcp dport 6789 lookup 77 protocol 199");  // another table
  const std::vector<IpPrefix> prefixes{IpPrefix::parse("10.9.0.2").value(),
                                       IpPrefix::parse("fd09::/64").value(),
                                       IpPrefix::parse("0.0.0.0/0").value()};
  const auto all = port_rules(prefixes, {range("6789"), range("6800-7300"), range("udp 500")});
  EXPECT_EQ(all.size(), 18u);
  set(all);
  set(all);
  const auto fewer = port_rules({prefixes[0]}, {range("6789"), range("tcp 3300")});
  set(fewer);
  EXPECT_THAT(port_rule_tables().value(), UnorderedElementsAre(77u, kTable));
  set({});
  EXPECT_THAT(port_rule_tables().value(), UnorderedElementsAre(77u));
  EXPECT_EQ(std::system("test $(ip rule list pref 101 | wc -l) = 2"), 0);
  EXPECT_EQ(std::system("test $(ip -6 rule list pref 101 | wc -l) = 0"), 0);
}

TEST_F(PortRulesTest, send_only_these_ports_to_the_table) {
  set(port_rules({IpPrefix::parse("10.9.0.2").value()}, {range("6800-7300"), range("udp 500")}));
  ASSERT_TRUE(set_blackhole(kTable, IpPrefix::parse("10.9.0.2").value()));
  const auto reaches = [](const std::string& what) {
    return std::system(("ip route get 10.9.0.2 " + what + " >/dev/null 2>&1").c_str()) == 0;
  };
  EXPECT_FALSE(reaches("ipproto tcp dport 6800"));
  EXPECT_FALSE(reaches("ipproto tcp dport 7300"));
  EXPECT_FALSE(reaches("ipproto tcp sport 7000"));
  EXPECT_FALSE(reaches("ipproto udp dport 500"));
  EXPECT_TRUE(reaches("ipproto tcp dport 6799"));
  EXPECT_TRUE(reaches("ipproto tcp dport 7301"));
  EXPECT_TRUE(reaches("ipproto udp dport 6800"));
  EXPECT_TRUE(reaches("ipproto icmp"));
}

}  // namespace
}  // namespace cuttle
