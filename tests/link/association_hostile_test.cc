// What a stranger, an eavesdropper who replays, or a peer that means harm can do to an association: nothing,
// and at little cost.
#include "association_fixture.hh"
#include "cell_stream.hh"
#include "link/association.hh"
#include "link/lane_keys.hh"

namespace cuttle {
namespace {

using testing::AssociationTest;
using testing::End;
using testing::never;

TEST_F(AssociationTest, AStrangersBytesCostOneMac) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    std::vector<uint8_t> cell(256);
    for (auto& byte : cell) byte = static_cast<uint8_t>(random.next());
    std::fill_n(cell.begin(), 4, 0);
    cell[4] = static_cast<uint8_t>(1 + random.below(3));
    responder->handle(now, cell);
    initiator->handle(now, cell);
  }
  EXPECT_EQ(responder->association.counters().mac_wrong.value(), 1000u);
  EXPECT_EQ(initiator->association.counters().mac_wrong.value(), 1000u);
  EXPECT_TRUE(responder->receives.empty());
  EXPECT_TRUE(responder->out.empty());
}

TEST_F(AssociationTest, EveryByteOfAnInitiationIsCovered) {
  tick();
  const auto initiation = take(*initiator);
  for (size_t at = 4; at < 240; ++at) {  // 240: mac2, which counts only in a flood
    auto forged = initiation;
    forged[at] ^= 1;
    responder->handle(now, forged);
  }
  EXPECT_EQ(responder->association.counters().mac_wrong.value(), 236u);
  EXPECT_TRUE(responder->out.empty());
  responder->handle(now, initiation);
  EXPECT_EQ(responder->out.size(), 1u);
}

// Who knows the public key can make the MAC right. That buys a few key agreements, and no more.
class WithTheRightMac : public AssociationTest {
 protected:
  std::vector<uint8_t> with_mac(std::vector<uint8_t> cell, const PublicKey& receiver) {
    HandshakeMac(receiver).store(cell);
    return cell;
  }
  std::vector<uint8_t> garbage(uint8_t type) {
    std::vector<uint8_t> cell(256, 0);
    for (size_t i = 8; i < wire::kMacCoveredBytes; ++i) cell[i] = static_cast<uint8_t>(random.next());
    cell[4] = type;
    return cell;
  }
  Random random{6};
};

TEST_F(WithTheRightMac, GarbageIsNotGenuine) {
  for (int i = 0; i < 200; ++i, advance(kAnswerInterval)) {
    responder->handle(now, with_mac(garbage(1), responder_key->public_key()));
  }
  EXPECT_EQ(responder->association.counters().not_genuine.value(), 200u);
  EXPECT_TRUE(responder->receives.empty());
}

TEST_F(WithTheRightMac, AFloodIsCutToOneAnswerEveryTwentyMilliseconds) {
  for (int i = 0; i < 10'000; ++i, advance(microseconds(100))) {
    responder->handle(now, with_mac(garbage(1), responder_key->public_key()));
  }
  const auto& counters = responder->association.counters();
  EXPECT_LE(counters.not_genuine.value(), 50u + kAnswerBurst + 1);
  EXPECT_GE(counters.not_genuine.value(), 45u);
  EXPECT_EQ(counters.not_genuine.value() + counters.too_many.value() + counters.cookie_instead.value(),
            10'000u);
}

TEST_F(WithTheRightMac, WrongTypesAndAnswersToNothingAreUnexpected) {
  for (const uint8_t type : {uint8_t{0}, uint8_t{2}, uint8_t{3}, uint8_t{255}}) {
    responder->handle(now, with_mac(garbage(type), responder_key->public_key()));
  }
  EXPECT_EQ(responder->association.counters().unexpected.value(), 4u);
  for (const uint8_t type : {uint8_t{0}, uint8_t{1}, uint8_t{2}, uint8_t{4}}) {
    initiator->handle(now, with_mac(garbage(type), initiator_key->public_key()));
  }
  EXPECT_EQ(initiator->association.counters().unexpected.value(), 4u);
  initiator->handle(now, with_mac(garbage(3), initiator_key->public_key()));
  EXPECT_EQ(initiator->association.counters().not_genuine.value(), 1u) << "no cookie of the peer's";
}

TEST_F(WithTheRightMac, AForgedAnswerDoesNotEndTheAttempt) {
  tick();
  const auto initiation = take(*initiator);
  auto forged = garbage(2);
  std::copy_n(initiation.begin() + 8, 4, forged.begin() + 12);  // the right index
  initiator->handle(now, with_mac(forged, initiator_key->public_key()));
  EXPECT_EQ(initiator->association.counters().not_genuine.value(), 1u);
  responder->handle(now, initiation);
  initiator->handle(now, take(*responder));
  cells_flow();
  EXPECT_TRUE(up());
}

TEST_F(WithTheRightMac, ForgedAnswersAreReadAtTheSamePace) {
  tick();
  const auto initiation = take(*initiator);
  for (int i = 0; i < 10'000; ++i, advance(microseconds(100))) {
    auto forged = garbage(2);
    std::copy_n(initiation.begin() + 8, 4, forged.begin() + 12);
    initiator->handle(now, with_mac(forged, initiator_key->public_key()));
  }
  const auto& counters = initiator->association.counters();
  EXPECT_LE(counters.not_genuine.value(), 50u + kAnswerBurst + 1);
  EXPECT_GE(counters.not_genuine.value(), 45u);
  EXPECT_EQ(counters.not_genuine.value() + counters.too_many.value(), 10'000u);
  advance(kAnswerInterval);
  responder->handle(now, initiation);
  initiator->handle(now, take(*responder));
  cells_flow();
  EXPECT_TRUE(up());
}

// Somebody hears what is asked, and answers faster than answers are read: the peer's own answer is read all
// the same.
TEST_F(WithTheRightMac, ForgedAnswersDoNotCrowdOutTheGenuineOne) {
  tick();
  const auto initiation = take(*initiator);
  responder->handle(now, initiation);
  const auto genuine = take(*responder);
  const auto flood = [&] {
    for (int i = 0; i < 3'000; ++i, advance(microseconds(10))) {
      auto forged = i % 2 == 0 ? garbage(2) : genuine;
      std::copy_n(initiation.begin() + 8, 4, forged.begin() + 12);
      if (i % 2 != 0) forged[20] ^= static_cast<uint8_t>(1 + i % 255);  // all but one byte of the genuine one
      initiator->handle(now, with_mac(forged, initiator_key->public_key()));
    }
  };
  flood();
  EXPECT_GT(initiator->association.counters().too_many.value(), 2'500u);
  initiator->handle(now, genuine);
  EXPECT_EQ(initiator->sends.size(), 1u);
  cells_flow();
  EXPECT_TRUE(up());
}

// A node of before answers had a mac2.
TEST_F(WithTheRightMac, AnAnswerWithoutAMacOfItsOwnIsRead) {
  tick();
  responder->handle(now, take(*initiator));
  auto answer = take(*responder);
  EXPECT_FALSE(
      std::all_of(answer.end() - wire::kMacBytes, answer.end(), [](uint8_t byte) { return byte == 0; }));
  std::fill(answer.end() - wire::kMacBytes, answer.end(), 0);
  initiator->handle(now, answer);
  cells_flow();
  EXPECT_TRUE(up());
}

TEST_F(WithTheRightMac, ForgedCookiesDoNotCrowdOutTheGenuineOne) {
  for (int i = 0; i < 20; ++i) responder->handle(now, with_mac(garbage(1), responder_key->public_key()));
  const auto genuine = take(*responder);
  ASSERT_EQ(genuine[4], 3) << "a cookie";
  for (int i = 0; i < 1'000; ++i, advance(microseconds(10))) {
    initiator->handle(now, with_mac(garbage(3), initiator_key->public_key()));
  }
  initiator->handle(now, genuine);
  EXPECT_EQ(initiator->association.counters().cookies_received.value(), 1u);
}

TEST_F(WithTheRightMac, AndSoAreForgedCookies) {
  for (int i = 0; i < 10'000; ++i, advance(microseconds(100))) {
    initiator->handle(now, with_mac(garbage(3), initiator_key->public_key()));
  }
  const auto& counters = initiator->association.counters();
  EXPECT_LE(counters.not_genuine.value(), 1000u + kCookieReadBurst + 1);
  EXPECT_GE(counters.not_genuine.value(), 900u) << "a genuine one among them has its chance";
  EXPECT_EQ(counters.not_genuine.value() + counters.too_many.value(), 10'000u);
}

TEST_F(WithTheRightMac, AnAnswerToOneOfTheLatestAttemptsCountsOnce) {
  tick();
  responder->handle(now, take(*initiator));
  const auto late_answer = take(*responder);
  for (size_t later = 1; later < kMaxAttempts; ++later) {
    advance(kRetry);
    tick();
    responder->handle(now, take(*initiator));
  }
  initiator->handle(now, late_answer);
  cells_flow();
  EXPECT_TRUE(up());
  initiator->handle(now, late_answer);
  while (!responder->out.empty()) initiator->handle(now, take(*responder));
  EXPECT_EQ(initiator->association.counters().unexpected.value(), kMaxAttempts);
  EXPECT_EQ(initiator->sends.size(), 1u);
}

TEST_F(WithTheRightMac, AnAnswerToAnAttemptOfLongAgoIsUnexpected) {
  tick();
  responder->handle(now, take(*initiator));
  const auto late_answer = take(*responder);
  for (size_t later = 1; later <= kMaxAttempts; ++later) {
    advance(kRetry);
    tick();
  }
  initiator->handle(now, late_answer);
  EXPECT_EQ(initiator->association.counters().unexpected.value(), 1u);
  EXPECT_TRUE(initiator->sends.empty());
}

TEST_F(AssociationTest, AReplayedInitiationChangesNothing) {
  tick();
  const auto initiation = take(*initiator);
  responder->handle(now, initiation);
  initiator->handle(now, take(*responder));
  cells_flow();
  ASSERT_TRUE(up());
  advance(milliseconds(500));
  responder->last_authentic = now;
  responder->tick(now, wall_ns);
  responder->handle(now, initiation);
  EXPECT_EQ(responder->association.counters().stale.value(), 1u);
  EXPECT_EQ(responder->receives.size(), 1u);
  EXPECT_TRUE(responder->out.empty());
}

TEST_F(AssociationTest, AReplayToAQuietResponderGainsAnAnswerAndNoSession) {
  tick();
  const auto initiation = take(*initiator);
  responder->handle(now, initiation);
  initiator->handle(now, take(*responder));
  cells_flow();
  const size_t sends = responder->sends.size();
  advance(seconds(5));
  responder->tick(now, wall_ns);
  for (int i = 0; i < 4; ++i) responder->handle(now, initiation);
  EXPECT_EQ(responder->sends.size(), sends) << "nobody can confirm those keys";
  run(seconds(3), never);
  EXPECT_TRUE(up());
}

// Who recorded more of them than the responder remembers sends them between the peer's own initiation and its
// first cell. The key of that one must stay, in the association and in the lane's receiver.
TEST_F(AssociationTest, ReplaysToAQuietResponderDoNotPushOutTheGenuineSession) {
  std::vector<std::vector<uint8_t>> recorded;
  for (int i = 0; i < 12; ++i, advance(kRetry)) {
    tick();
    recorded.push_back(take(*initiator));
  }
  for (int i = 0; i < 3; ++i, advance(kAnswerInterval)) responder->handle(now, recorded[5]);
  responder->out.clear();
  tick();
  responder->handle(now, take(*initiator));
  const auto answer = take(*responder);
  for (const auto& old : recorded) {
    advance(kAnswerInterval);
    responder->handle(now, old);
  }
  EXPECT_EQ(responder->receives.size(), kMaxUnconfirmed)
      << "some are answered: the peer's clock might have been set back";
  initiator->handle(now, answer);
  ASSERT_EQ(initiator->sends.size(), 1u);

  const wire::CellFormat format(256);
  LaneReceiver receiver(format, 16, milliseconds(5));
  for (const InstallReceive& receive : responder->receives) {
    receiver.handle_key(make_receive_key(receive, 0, AeadBackend::openssl));
  }
  const SendKey key = make_send_key(initiator->sends[0], 0, AeadBackend::openssl, now);
  std::vector<uint8_t> cell(format.cell_bytes());
  wire::store_esp_header(cell.data(), key.spi, Sequence{1});
  key.aead->seal(1, Bytes(cell).first(wire::kEspHeaderBytes), testing::empty_payload(format),
                 cell.data() + wire::kSealedOffset);
  ASSERT_EQ(receiver.handle_datagram(now, cell), Received::first_of_session);
  responder->first_cell(now, receiver.current_session());
  EXPECT_TRUE(up());
}

// Somebody recorded what the peer asked while its clock was ahead, and sends it again and again, with other
// indices, which nobody but the receiver's MAC covers. The link must not notice.
class DatedAhead : public WithTheRightMac {
 protected:
  void record(size_t count) {
    const uint64_t right = wall_ns;
    wall_ns += uint64_t{7200} * 1'000'000'000;
    for (size_t i = 0; i < count; ++i) {
      initiator = make_initiator(100 + i);
      initiator->tick(now, wall_ns);
      recorded.push_back(take(*initiator));
      wall_ns += 1'000'000'000;
    }
    wall_ns = right;
    initiator = make_initiator(11);
  }
  void replay() {
    auto cell = recorded[sent++ % recorded.size()];
    for (size_t i = 8; i < 12; ++i) cell[i] = static_cast<uint8_t>(random.next());
    responder->handle(now, with_mac(cell, responder_key->public_key()));
    responder->out.clear();
  }
  // Cells flow all the time; the longest that no session was in use at both ends.
  Duration longest_gap(Duration duration, int replays_a_tick) {
    Duration longest{};
    Duration gap{};
    for (const Instant end = now + duration; now < end; advance(kTick)) {
      for (int i = 0; i < replays_a_tick; ++i) {
        auto cell = recorded[sent++ % recorded.size()];
        for (size_t at = 8; at < 12; ++at) cell[at] = static_cast<uint8_t>(random.next());
        responder->handle(now, with_mac(cell, responder_key->public_key()));
        while (!responder->out.empty()) initiator->handle(now, take(*responder));
      }
      tick();
      while (!initiator->out.empty()) {
        genuine.push_back(take(*initiator));
        responder->handle(now, genuine.back());
      }
      while (!responder->out.empty()) initiator->handle(now, take(*responder));
      cells_flow();
      const bool carries =
          up() && initiator->association.established() && responder->association.established();
      gap = carries ? Duration{} : gap + kTick;
      longest = std::max(longest, gap);
    }
    return longest;
  }
  std::vector<std::vector<uint8_t>> recorded;
  std::vector<std::vector<uint8_t>> genuine;  // what the initiator asked meanwhile
  size_t sent = 0;
};

TEST_F(DatedAhead, OneRecordingIsReadOnce) {
  record(1);
  for (int i = 0; i < 20; ++i, advance(seconds(1))) replay();
  EXPECT_EQ(responder->receives.size(), 1u);
  EXPECT_EQ(responder->association.counters().stale.value(), 19u);
}

TEST_F(DatedAhead, WhatHadAFreshCookieIsNoLessRecorded) {
  record(12);
  longest_gap(seconds(130), 1);
  const auto has_cookie = [](const auto& cell) { return cell.back() != 0; };
  ASSERT_TRUE(has_cookie(genuine.back()));
  // More are read in between than are remembered one by one.
  for (int i = 0; i < 12; ++i, advance(seconds(1))) replay();
  const uint64_t taken = responder->association.counters().initiations_received.value();
  for (const auto& cell : genuine) {
    advance(seconds(1));
    initiator->last_authentic = responder->last_authentic = now;
    responder->handle(now, cell);
  }
  EXPECT_EQ(responder->association.counters().initiations_received.value(), taken);
}

// In silence until the peer asks, without a cookie; then all at once, before its first cell.
TEST_F(DatedAhead, NoneTakesThePlaceOfWhatWasJustAsked) {
  record(12);
  handshake();
  ask_for_renewal();
  const auto answer = take(*responder);
  for (int i = 0; i < 12; ++i, advance(milliseconds(20))) replay();
  initiator->handle(now, answer);
  cells_flow();
  EXPECT_EQ(initiator->sends.size(), 2u);
  EXPECT_TRUE(up());
}

// A copy with another index, which is there first, is answered instead; to nobody.
TEST_F(DatedAhead, ACopyWithAnotherIndexDelaysThePeerOnly) {
  const Instant until = now + seconds(5);
  while (!up() && now < until) {
    tick();
    while (!initiator->out.empty()) {
      const auto asked = take(*initiator);
      auto copy = asked;
      copy[8] ^= 1;
      responder->handle(now, with_mac(copy, responder_key->public_key()));
      responder->handle(now, asked);
    }
    while (!responder->out.empty()) initiator->handle(now, take(*responder));
    cells_flow();
    advance(kTick);
  }
  EXPECT_TRUE(up());
}

TEST_F(DatedAhead, TheLinkComesUpAndStaysUp) {
  for (const size_t count : {1, 4, 12, 40}) {
    SCOPED_TRACE(count);
    recorded.clear();
    record(count);
    responder = make_responder(12);
    // The first session waits for a cookie, two or three times.
    EXPECT_LE(longest_gap(seconds(30), 2), seconds(3));
    EXPECT_LE(longest_gap(seconds(600), 2), kTick);
    EXPECT_GE(initiator->association.counters().sessions.value(), 5u);
  }
}

TEST_F(AssociationTest, AnotherPeersGenuineInitiationIsNotOurs) {
  const PrivateKey stranger = testing::key_of(50);
  End other(stranger, responder_key->public_key(), psk, 51);
  if (!other.association.is_initiator()) GTEST_SKIP() << "this key would only answer";
  other.tick(now, wall_ns);
  responder->handle(now, take(other));
  EXPECT_EQ(responder->association.counters().not_genuine.value(), 1u);
  EXPECT_TRUE(responder->receives.empty());
}

// A peer with the right keys that offers SPIs no cell can have.
TEST_F(WithTheRightMac, AnOfferOfUnusableSpisIsRefused) {
  for (const uint32_t spi : {0u, 1u, 255u, UINT32_MAX}) {
    const std::string_view prologue = "cuttle 1";
    uint8_t bytes[kKeySize];
    seeded_entropy(spi + 7)(bytes);
    auto noise =
        NoiseHandshake::initiator(*initiator_key, responder_key->public_key(), psk,
                                  Bytes(reinterpret_cast<const uint8_t*>(prologue.data()), prologue.size()),
                                  PrivateKey::from_random(bytes));
    uint8_t offer[wire::kOfferBytes];
    wire::store_offer(offer, {wall_ns + spi, Spi{spi}, 1, 1, 1, 256});
    std::vector<uint8_t> cell(256, 0);
    cell[4] = 1;
    ASSERT_TRUE(noise.write_message(offer, {cell.data() + 16, wire::kNoiseMessage1Bytes}));
    responder->handle(now, with_mac(cell, responder_key->public_key()));
    EXPECT_TRUE(responder->receives.empty()) << spi;
    advance(kAnswerInterval);
  }
  EXPECT_EQ(responder->association.counters().not_genuine.value(), 4u);
}

}  // namespace
}  // namespace cuttle
