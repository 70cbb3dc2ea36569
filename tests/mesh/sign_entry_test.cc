// The operator signs what was shown, and nothing that was not agreed to.
#include "mesh/sign_entry.hh"

#include <gmock/gmock.h>

#include "mesh/store_double.hh"
#include "nodes.hh"

namespace cuttle::mesh {
namespace {

const SigningKey kDesk = SigningKey::from_random(bytes(5, 9));

TEST(MeshSign, NothingIsSignedBeforeItIsAgreedTo) {
  StoreDouble store;
  const TestHost host = test_host(1);
  std::vector<std::string> shown;
  const auto sign_it = [&](const std::string& text, bool agrees) {
    return sign_entry(store, kDesk, "osd1", text, [&](const Entry& entry) {
      EXPECT_EQ(store.writes, 0);
      shown.push_back(entry.identity.to_string());
      return agrees;
    });
  };
  EXPECT_FALSE(sign_it(host.to_string(), false));
  EXPECT_EQ(store.writes, 0);
  ASSERT_TRUE(sign_it(host.to_string(), true));
  EXPECT_THAT(shown, testing::ElementsAre(host.entry.identity.to_string(), host.entry.identity.to_string()));
  const std::string there = store.keys.at("cuttle/peer/osd1");
  EXPECT_TRUE(is_signed(parse_proved_entry("osd1", there).value(), kDesk.verifying_key()));
  // Once is enough.
  EXPECT_TRUE(sign_it(there, false));
  EXPECT_FALSE(sign_it("{}", true));
  EXPECT_EQ(shown.size(), 2u);
}

// Whose key it is, a hostile monitor says; with `--all` nobody named it. What is drawn on the terminal is
// what the operator believes.
TEST(MeshSign, AKeyThatIsNoHostsNameIsNotRepeated) {
  StoreDouble store;
  const auto agrees = [](const Entry&) { return true; };
  for (const std::string host :
       {"\x1b[8mosd1", "\r\x1b[2K osd3: identity genuine. Sign it? (yes) ", "a\nb"}) {
    for (const std::string& text : {std::string("x"), test_host(1).to_string()}) {
      const auto done = sign_entry(store, kDesk, host, text, agrees);
      ASSERT_FALSE(done);
      EXPECT_THAT(done.error().message, testing::StartsWith("cuttle/peer/(no host's name): "));
    }
  }
  EXPECT_EQ(store.writes, 0);
}

TEST(MeshSign, AnIdentityIsMeantByItsBeginning) {
  const VerifyingKey identity = test_host(1).entry.identity;
  const std::string text = identity.to_string();
  EXPECT_TRUE(is_one_of(identity, {text}));
  EXPECT_TRUE(is_one_of(identity, {"something else", text.substr(0, 12)}));
  EXPECT_FALSE(is_one_of(identity, {text.substr(0, 11)})) << "others can have that, too";
  EXPECT_FALSE(is_one_of(identity, {text.substr(1)}));
  EXPECT_FALSE(is_one_of(identity, {""}));
  EXPECT_FALSE(is_one_of(identity, {}));
}

}  // namespace
}  // namespace cuttle::mesh
