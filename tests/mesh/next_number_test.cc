// The number of a host's next entry, whatever a stolen keyring and cuttle-mesh wrote.
#include "mesh/next_number.hh"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "../temporary_folder.hh"
#include "mesh/proved_number.hh"
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
                      const std::optional<VerifyingKey>& signing_key = {}, uint64_t proved = 0) {
  Published published;
  published.proved = proved;
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

// An old own entry put back, and the store's taken away: each bears a proof, and none is the last one.
TEST(MeshNextNumber, FollowsWhatRootNotedWhateverWasSetBack) {
  EXPECT_EQ(next({}, numbered(test_host(1), 5), {}, 9).value(), 10u);
  EXPECT_EQ(next({}, {}, {}, 9).value(), 10u);
  EXPECT_EQ(next(numbered(test_host(1), 7), numbered(test_host(1), 5), {}, 9).value(), 10u);
  // A note that is older, from a backup.
  EXPECT_EQ(next(numbered(test_host(1), 12), numbered(test_host(1), 5), {}, 9).value(), 13u);
  EXPECT_EQ(next({}, numbered(test_host(1), 12), {}, 9).value(), 13u);
}

TEST(MeshNextNumber, OneThatWasSetBackIsRefused) {
  const TestHost now = numbered(test_host(1), 5);
  const auto is_newest = [&](const std::optional<TestHost>& there, uint64_t proved) {
    return check_is_newest(now.entry, there ? std::optional(there->to_string()) : std::nullopt, proved);
  };
  EXPECT_TRUE(is_newest({}, 0)) << "after an upgrade";
  EXPECT_TRUE(is_newest({}, 5));
  EXPECT_TRUE(is_newest(now, 4)) << "the note is of a backup";
  EXPECT_TRUE(is_newest(numbered(test_host(1), 3), 5)) << "the store's is, or was put back there";
  for (const auto& there : {std::optional<TestHost>(), std::optional(now)}) {
    const auto behind = is_newest(there, 9);
    ASSERT_FALSE(behind);
    EXPECT_THAT(behind.error().message, HasSubstr("has the number 5, and it has proved a later one, 9"));
    EXPECT_THAT(behind.error().message, HasSubstr("cuttle mesh join --again"));
  }
  const auto behind = is_newest(numbered(test_host(1), 6), 5);
  ASSERT_FALSE(behind);
  EXPECT_THAT(behind.error().message, HasSubstr("the monitors"));
}

class MeshProvedNumber : public testing::Test {
 protected:
  Result<ProvedNumber> open(int identity = 1) const {
    return ProvedNumber::open((folder_.path() / "osd1.identity").string(),
                              test_host(identity).entry.identity);
  }
  const TemporaryFolder folder_;
  const std::string note_ = (folder_.path() / "osd1.number").string();
};

TEST_F(MeshProvedNumber, ComesBack) {
  EXPECT_EQ(open().value().highest(), 0u);
  {
    auto proved = open();
    ASSERT_TRUE(proved);
    ASSERT_TRUE(proved->raise_to(9));
    EXPECT_EQ(proved->highest(), 9u);
  }
  EXPECT_EQ(open().value().highest(), 9u);
  struct stat status {};
  ASSERT_EQ(::stat(note_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

// A new one counts anew: by the way out of kHighestCounter, too.
TEST_F(MeshProvedNumber, IsOfItsIdentity) {
  ASSERT_TRUE(open().value().raise_to(kHighestCounter));
  EXPECT_EQ(open(2).value().highest(), 0u);
  ASSERT_TRUE(open(2).value().raise_to(1));
  EXPECT_EQ(open(2).value().highest(), 1u);
}

TEST_F(MeshProvedNumber, OneThatIsDamagedDoesNotCountAsNone) {
  const std::string identity = test_host(1).entry.identity.to_string();
  for (const std::string& text :
       {std::string(), std::string("9\n"), identity + " 9", identity + " \n", identity + " 9x\n",
        identity + " -1\n", identity + " 9223372036854775809\n", std::string(300, 'x')}) {
    std::ofstream(note_) << text;
    const auto proved = open();
    ASSERT_FALSE(proved) << text;
    EXPECT_THAT(proved.error().message, HasSubstr(note_));
  }
  std::ofstream(note_) << identity + " 9\n";
  EXPECT_EQ(open().value().highest(), 9u);
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
