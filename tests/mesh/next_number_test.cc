// The number of a host's next entry, whatever a stolen keyring and cuttle-mesh wrote.
#include "mesh/next_number.hh"

#include <gmock/gmock.h>

#include "nodes.hh"

namespace cuttle::mesh {
namespace {

using testing::HasSubstr;

constexpr uint64_t kPoison = UINT64_MAX - 2;

TestHost numbered(TestHost host, uint64_t counter) {
  host.entry.counter = counter - 1;
  host.say_anew();
  return host;
}

Result<uint64_t> next(const std::optional<TestHost>& there, const std::optional<TestHost>& own,
                      const std::optional<VerifyingKey>& signing_key = {}) {
  Published published;
  if (there) published.there = there->to_string();
  if (own) published.own = own->entry;
  return next_number("osd1", test_host(1).entry.identity, signing_key, published);
}

TEST(MeshNextNumber, FollowsWhatThisHostSaid) {
  EXPECT_EQ(next({}, {}).value(), 1u);
  EXPECT_EQ(next(numbered(test_host(1), 7), {}).value(), 8u);
  EXPECT_EQ(next({}, numbered(test_host(1), 5)).value(), 6u);
  EXPECT_EQ(next(numbered(test_host(1), 7), numbered(test_host(1), 5)).value(), 8u);
}

// It would be the last number for ever: nobody believes a lower one.
TEST(MeshNextNumber, WhatIsNotProvedDoesNotCount) {
  TestHost forged = test_host(1);
  forged.entry.counter = kPoison;  // the proof is of another number
  EXPECT_EQ(next(forged, {}).value(), 1u);
  EXPECT_EQ(next({}, forged).value(), 1u);
  forged.entry.proof.reset();
  EXPECT_EQ(next(forged, forged).value(), 1u);
  // With an identity of the thief's own.
  const TestHost thief = numbered(test_host(70, "osd1"), kPoison);
  EXPECT_EQ(next(thief, thief).value(), 1u);
}

// A host that was installed anew has another identity; where entries are signed, others count on.
TEST(MeshNextNumber, WhatTheOperatorSignedCounts) {
  const SigningKey desk = SigningKey::from_random(bytes(5, 9));
  TestHost before = numbered(test_host(70, "osd1"), 12);
  EXPECT_EQ(next(before, {}, desk.verifying_key()).value(), 1u);
  sign(before.entry, desk);
  EXPECT_EQ(next(before, {}, desk.verifying_key()).value(), 13u);
  EXPECT_EQ(next(before, {}).value(), 1u);
  // Not without a proof: then somebody put that signature there.
  before.entry.proof.reset();
  EXPECT_EQ(next(before, {}, desk.verifying_key()).value(), 1u);
}

TEST(MeshNextNumber, HasAnEnd) {
  EXPECT_EQ(next({}, numbered(test_host(1), kHighestCounter - 1)).value(), kHighestCounter);
  const auto none = next({}, numbered(test_host(1), kHighestCounter));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("join --again"));
  // Nor does anybody take one in that is beyond.
  EXPECT_TRUE(parse_proved_entry("osd1", numbered(test_host(1), kHighestCounter).to_string()));
  const auto beyond = parse_proved_entry("osd1", numbered(test_host(1), kHighestCounter + 1).to_string());
  ASSERT_FALSE(beyond);
  EXPECT_THAT(beyond.error().message, HasSubstr("number"));
}

}  // namespace
}  // namespace cuttle::mesh
