// One end's rules: what it names, what it answers with, what it keeps. Two of them over a bad network are in
// association_preshared_test.cc.
#include "link/preshared_ratchet.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

constexpr uint64_t kNow_ns = 1'700'000'000'000'000'000;
constexpr Duration kDay = seconds(86'400);
using Rung = PresharedRatchet::Rung;

PresharedKey key(uint8_t byte) {
  std::array<uint8_t, kKeySize> bytes;
  bytes.fill(byte);
  return PresharedKey::from_random(bytes);
}
RenewedKey since(uint8_t byte, uint64_t since_ns = kNow_ns) {
  return {key(byte), since_ns};
}
PresharedRatchet holding(const RenewedKeys& keys) {
  return {kDay, keys};
}
PresharedAgreement agreed(std::optional<PresharedKey> used, bool renew = false, uint8_t derived = 99) {
  return {.both = true, .renew = renew, .used = used, .derived = key(derived)};
}
uint8_t name(uint8_t byte) {
  return PresharedRatchet::name_of(key(byte));
}

TEST(PresharedRatchet, BeginsWithTheConfiguredKeyAndKeepsWhatFollowsFromIt) {
  PresharedRatchet ratchet = holding({});
  EXPECT_EQ(ratchet.poll_name(), PresharedRatchet::kHasNone);
  EXPECT_TRUE(ratchet.wants_renewal(kNow_ns));
  EXPECT_FALSE(ratchet.poll_unkept());
  ratchet.handle_agreed(agreed({}, true, 1), kNow_ns);
  EXPECT_EQ(ratchet.poll_name(), PresharedRatchet::kHasNone) << "the file does not have it yet";
  const auto unkept = ratchet.poll_unkept();
  ASSERT_TRUE(unkept);
  EXPECT_EQ(*unkept, (RenewedKeys{std::nullopt, since(1)}));
  EXPECT_EQ(ratchet.poll_unkept(), unkept) << "until the file has it";
  ratchet.handle_kept(*unkept);
  EXPECT_FALSE(ratchet.poll_unkept());
  EXPECT_EQ(ratchet.poll_name(), name(1));
  EXPECT_FALSE(ratchet.wants_renewal(kNow_ns)) << "first this one has to be used";
  ratchet.handle_agreed(agreed(key(1)), kNow_ns);
  EXPECT_EQ(ratchet.keys(), (RenewedKeys{since(1), std::nullopt}));
  EXPECT_EQ(ratchet.lost(), 0u);
}

TEST(PresharedRatchet, RenewsWhatIsAsOldAsWasAskedForOrFromTheFuture) {
  const PresharedRatchet ratchet = holding({since(1), std::nullopt});
  const auto day_ns = static_cast<uint64_t>(kDay.ns);
  EXPECT_FALSE(ratchet.wants_renewal(kNow_ns));
  EXPECT_FALSE(ratchet.wants_renewal(kNow_ns + day_ns - 1));
  EXPECT_TRUE(ratchet.wants_renewal(kNow_ns + day_ns));
  EXPECT_TRUE(ratchet.wants_renewal(kNow_ns - 1));
}

TEST(PresharedRatchet, TheOldKeyGoesOnlyOnceTheNewOneWasUsed) {
  PresharedRatchet ratchet = holding({since(1), since(2)});
  EXPECT_EQ(ratchet.poll_name(), name(2));
  EXPECT_EQ(ratchet.candidates(), (std::vector<std::optional<PresharedKey>>{key(2), key(1), std::nullopt}));
  EXPECT_EQ(ratchet.choose(name(1)), key(1));
  EXPECT_EQ(ratchet.choose(name(2)), key(2));
  ratchet.handle_agreed(agreed(key(2)), kNow_ns);
  EXPECT_EQ(ratchet.candidates(), (std::vector<std::optional<PresharedKey>>{key(2), std::nullopt}));
}

TEST(PresharedRatchet, WhatThePeerDoesNotHaveIsForgotten) {
  PresharedRatchet ratchet = holding({since(1, kNow_ns - 2 * static_cast<uint64_t>(kDay.ns)), since(2)});
  ratchet.handle_agreed(agreed(key(1)), kNow_ns);
  EXPECT_EQ(ratchet.poll_name(), name(1));
  EXPECT_TRUE(ratchet.wants_renewal(kNow_ns)) << "the one in use is as old as before";
}

TEST(PresharedRatchet, AnswersWhatItDoesNotKnowWithWhatBothHaveUsed) {
  const PresharedRatchet ratchet = holding({since(1), since(2)});
  ASSERT_NE(name(3), name(1));
  ASSERT_NE(name(3), name(2));
  EXPECT_EQ(ratchet.choose(name(3)), key(1));
  EXPECT_EQ(holding({}).choose(name(3)), std::nullopt);
  EXPECT_EQ(ratchet.choose(PresharedRatchet::kHasNone), std::nullopt);
  EXPECT_EQ(ratchet.choose(PresharedRatchet::kTakesNoPart), std::nullopt);
}

TEST(PresharedRatchet, AnswersThatNoKeyReadsLeadDownOneRungForEachQuestion) {
  PresharedRatchet ratchet = holding({since(1), since(2)});
  ratchet.handle_unreadable(Rung::next);
  EXPECT_EQ(ratchet.poll_name(), name(1));
  ratchet.handle_unreadable(Rung::next);
  EXPECT_EQ(ratchet.poll_name(), name(1)) << "an answer to what was asked before";
  ratchet.handle_unreadable(Rung::proven);
  EXPECT_EQ(ratchet.poll_name(), PresharedRatchet::kHasNone);
  ratchet.handle_unreadable(Rung::none);
  EXPECT_EQ(ratchet.poll_name(), PresharedRatchet::kHasNone);
  ratchet.handle_agreed(agreed({}, true, 3), kNow_ns);
  EXPECT_EQ(ratchet.lost(), 1u);
  EXPECT_EQ(ratchet.poll_unkept(), (RenewedKeys{std::nullopt, since(3)}));
}

TEST(PresharedRatchet, APeerThatTakesNoPartChangesNothing) {
  PresharedRatchet ratchet = holding({since(1), std::nullopt});
  ratchet.handle_agreed({}, kNow_ns);
  EXPECT_FALSE(ratchet.peer_takes_part());
  EXPECT_EQ(ratchet.keys(), (RenewedKeys{since(1), std::nullopt}));
  EXPECT_EQ(ratchet.lost(), 0u);
}

TEST(PresharedRatchet, TwoKeysOfOneNameAreNotHeldTogether) {
  uint8_t other = 2;
  while (name(other) != name(1)) ++other;
  PresharedRatchet ratchet = holding({since(1), std::nullopt});
  ratchet.handle_agreed(agreed(key(1), true, other), kNow_ns);
  EXPECT_FALSE(ratchet.poll_unkept());
}

TEST(PresharedRatchet, WhatTheFileTookTooLateIsNotTakenUp) {
  PresharedRatchet ratchet = holding({since(1), std::nullopt});
  ratchet.handle_agreed(agreed(key(1), true, 2), kNow_ns);
  const auto first = ratchet.poll_unkept();
  ratchet.handle_agreed(agreed(key(1), true, 3), kNow_ns);
  ratchet.handle_kept(*first);
  EXPECT_EQ(ratchet.poll_name(), name(1));
  EXPECT_EQ(ratchet.poll_unkept(), (RenewedKeys{since(1), since(3)}));
}

TEST(PresharedRatchet, TheConfiguredKeyCountsBesideTheRenewedOne) {
  EXPECT_EQ(PresharedRatchet::mixed(key(1), std::nullopt), key(1));
  const PresharedKey mixed = PresharedRatchet::mixed(key(1), key(2));
  EXPECT_NE(mixed, PresharedRatchet::mixed(key(3), key(2)));
  EXPECT_NE(mixed, PresharedRatchet::mixed(key(1), key(3)));
}

TEST(PresharedRatchet, NamesFitTheOffersBits) {
  for (int byte = 0; byte < 256; ++byte) {
    const uint8_t bits = name(static_cast<uint8_t>(byte));
    EXPECT_GE(bits, PresharedRatchet::kFirstName);
    EXPECT_LE(bits, 63);
  }
}

}  // namespace
}  // namespace cuttle
