// Floods of initiations with the right mac1, from somebody who knows the node's public key and forges the
// peer's address: the peer must get through, and nobody gets back more than he sent.
#include <set>

#include "association_fixture.hh"
#include "link/association.hh"

namespace cuttle {
namespace {

using testing::AssociationTest;
using testing::key_of;

class Flood : public AssociationTest {
 protected:
  std::vector<uint8_t> initiation_of_a_stranger() {
    std::vector<uint8_t> cell(256, 0);
    for (size_t i = 8; i < wire::kMacCoveredBytes; ++i) cell[i] = static_cast<uint8_t>(random_.next());
    cell[4] = static_cast<uint8_t>(wire::HandshakeType::initiation);
    std::fill_n(cell.begin() + 12, 4, 0);
    HandshakeMac(responder_key->public_key()).store(cell);
    return cell;
  }
  // For so long, a stranger's initiation every 100 us, and a tick of both every kTick. What the responder
  // answers goes to the peer, whose address it is; what the peer sends comes in among the rest.
  void flood(Duration duration) {
    flood(duration, [] {});
  }
  // `beside`: what else he does each time.
  template <typename Beside>
  void flood(Duration duration, Beside beside) {
    const Instant end = now + duration;
    for (int i = 0; now < end; ++i, advance(microseconds(100))) {
      if (i % 1000 == 500) tick();
      responder->handle(now, initiation_of_a_stranger());
      ++sent_by_stranger_;
      while (!responder->out.empty()) {
        answers_.push_back(responder->out.front());
        initiator->handle(now, take(*responder));
      }
      beside();
      while (!initiator->out.empty()) responder->handle(now, take(*initiator));
    }
  }
  // What a flood makes the responder send to a peer that is not there.
  std::vector<uint8_t> record_a_cookie() {
    responder->tick(now, wall_ns);
    for (int i = 0; i < 200 && responder->out.empty(); ++i)
      responder->handle(now, initiation_of_a_stranger());
    auto cookie = take(*responder);
    EXPECT_EQ(cookie.at(4), 3);
    return cookie;
  }
  // Both know nothing of what was.
  void start_anew() {
    initiator = make_initiator(21);
    responder = make_responder(22);
    tick();
    initiator->out.clear();
  }
  const AssociationCounters& counters() const { return responder->association.counters(); }

  Random random_{8};
  uint64_t sent_by_stranger_ = 0;
  std::vector<std::vector<uint8_t>> answers_;
};

TEST_F(Flood, ThePeerGetsThroughWithACookie) {
  flood(seconds(2));
  cells_flow();
  cells_flow();
  EXPECT_TRUE(up());
  EXPECT_GT(counters().cookie_instead.value(), 0u);
  EXPECT_GT(initiator->association.counters().cookies_received.value(), 0u);
}

// From here on somebody sends old cookies, too, each as the peer once sent it.
TEST_F(Flood, ARecordedCookieDoesNotTakeTheFreshOnesPlace) {
  const auto recorded = record_a_cookie();
  advance(seconds(3600));
  start_anew();
  flood(seconds(2), [&] { initiator->handle(now, recorded); });
  cells_flow();
  cells_flow();
  EXPECT_TRUE(up());
}

TEST_F(Flood, NorDoManyKeepItFromBeingRead) {
  std::vector<std::vector<uint8_t>> recorded;
  for (int i = 0; i < 20; ++i, advance(seconds(130))) recorded.push_back(record_a_cookie());
  start_anew();
  flood(seconds(2), [&] {
    for (const auto& one : recorded) initiator->handle(now, one);
  });
  cells_flow();
  cells_flow();
  EXPECT_TRUE(up());
}

// The flooded node's clock may be behind what it once said.
TEST_F(Flood, AClockThatWasSetBackKeepsThePeerOutNoLonger) {
  initiator->handle(now, record_a_cookie());
  responder = make_responder(22);
  wall_ns -= static_cast<uint64_t>(seconds(3600).ns);
  flood(seconds(3));
  cells_flow();
  cells_flow();
  EXPECT_TRUE(up());
}

// Where the cookies get lost the same flood keeps the peer out: it is they that let it in.
TEST_F(Flood, WithoutCookiesItWouldNot) {
  const Instant end = now + seconds(2);
  for (int i = 0; now < end; ++i, advance(microseconds(100))) {
    if (i % 1000 == 500) tick();
    responder->handle(now, initiation_of_a_stranger());
    responder->out.clear();
    while (!initiator->out.empty()) responder->handle(now, take(*initiator));
  }
  EXPECT_EQ(counters().initiations_received.value(), 0u);
}

TEST_F(Flood, TheRenewalOfASessionGetsThrough) {
  flood(seconds(1));
  cells_flow();
  cells_flow();
  ASSERT_TRUE(up());
  const auto sessions = [&] { return initiator->association.counters().sessions.value(); };
  const uint64_t before = sessions();
  initiator->last_authentic = responder->last_authentic = now + kRekeyAfter + seconds(3);  // cells flow
  advance(kRekeyAfter);
  flood(seconds(2));
  EXPECT_EQ(sessions(), before + 1);
}

// Never more than came in, nothing larger, and far less often.
TEST_F(Flood, NothingIsAmplified) {
  flood(seconds(2));
  for (const auto& answer : answers_) EXPECT_EQ(answer.size(), 256u);
  EXPECT_LE(answers_.size(), 2 * 10u + 1 + counters().initiations_received.value());
  EXPECT_LT(answers_.size() * 100, sent_by_stranger_);
}

TEST_F(Flood, KeyAgreementsStayRare) {
  flood(seconds(2));
  EXPECT_LE(counters().not_genuine.value(), 2 * 50u + kAnswerBurst);
}

TEST_F(Flood, ACookieIsReadableByThePeerAlone) {
  for (int i = 0; i < 200 && answers_.empty(); ++i) {
    responder->handle(now, initiation_of_a_stranger());
    if (!responder->out.empty()) answers_.push_back(take(*responder));
  }
  ASSERT_EQ(answers_.size(), 1u);
  ASSERT_EQ(answers_[0][4], 3);
  const PrivateKey stranger = key_of(99);
  const CookieSeal seal(stranger, responder_key->public_key(), psk);
  const Bytes cell = answers_[0];
  EXPECT_FALSE(seal.open(cell.first(16), cell.subspan(16, wire::kCookieMessageBytes)).has_value());
  auto bent = answers_[0];
  for (const size_t at : {size_t{8}, size_t{12}, size_t{16}, size_t{50}, size_t{87}}) {
    bent = answers_[0];
    bent[at] ^= 1;
    HandshakeMac(initiator_key->public_key()).store(bent);
    initiator->handle(now, bent);
  }
  EXPECT_EQ(initiator->association.counters().cookies_received.value(), 0u);
  EXPECT_EQ(initiator->association.counters().not_genuine.value(), 5u);
  advance(kAnswerInterval);
  initiator->handle(now, answers_[0]);
  EXPECT_EQ(initiator->association.counters().cookies_received.value(), 1u);
}

// A mac2 that is guessed does not count, and neither does one under a cookie of long ago.
TEST_F(Flood, AMac2HasToBeRightAndFresh) {
  flood(milliseconds(200));
  const uint64_t stale_cookie_taken = initiator->association.counters().cookies_received.value();
  ASSERT_GT(stale_cookie_taken, 0u);
  const uint64_t read_before = counters().not_genuine.value();
  for (int i = 0; i < 1000; ++i) {
    auto cell = initiation_of_a_stranger();
    for (size_t at = 240; at < 256; ++at) cell[at] = static_cast<uint8_t>(random_.next());
    responder->handle(now, cell);
  }
  EXPECT_LE(counters().not_genuine.value() - read_before, 1u);
}

TEST(Cookies, OneIsUsedForTwoMinutesAndTakenForFour) {
  const Entropy entropy = seeded_entropy(3);
  CookieIssuer issuer;
  CookieHolder holder;
  std::vector<uint8_t> cell(256, 7);
  const Instant start{1'000'000'000};
  EXPECT_FALSE(issuer.verify(start, cell));
  const Cookie first = issuer.current(start, 5, entropy);
  EXPECT_TRUE(first == issuer.current(start + kCookieLife - nanoseconds(1), 6, entropy));
  holder.handle_cookie(start + kCookieLife - nanoseconds(1), first);
  holder.store_mac2(start + kCookieLife * 2 - nanoseconds(2), cell);
  EXPECT_TRUE(issuer.verify(start + kCookieLife * 2 - nanoseconds(1), cell));
  const Cookie second = issuer.current(start + kCookieLife, 7, entropy);
  EXPECT_FALSE(first == second);
  EXPECT_TRUE(issuer.verify(start + kCookieLife * 2 - nanoseconds(1), cell)) << "the one before it, too";
  EXPECT_FALSE(issuer.verify(start + kCookieLife * 2, cell));
  std::fill(cell.end() - wire::kMacBytes, cell.end(), uint8_t{0});
  holder.store_mac2(start + kCookieLife * 2, cell);
  EXPECT_TRUE(std::all_of(cell.end() - wire::kMacBytes, cell.end(), [](uint8_t o) { return o == 0; }))
      << "it is too old to be used";
}

// As an agent draws them that knows of no time in a cookie: some look newer than all that follow.
TEST(Cookies, EveryOtherInitiationHasTheLatestThatLooksOld) {
  std::vector<uint8_t> cell(256, 7);
  const auto mac2_with = [&](CookieHolder& holder, Instant now) {
    holder.store_mac2(now, cell);
    return std::vector<uint8_t>(cell.end() - wire::kMacBytes, cell.end());
  };
  const auto cookie_of = [](uint8_t byte) {
    Cookie cookie;
    std::fill_n(cookie.data(), Cookie::kSize, byte);
    return cookie;
  };
  CookieHolder only_old;
  only_old.handle_cookie({0}, cookie_of(3));
  const auto old_one = mac2_with(only_old, {1});
  EXPECT_EQ(mac2_with(only_old, {2}), old_one);
  CookieHolder holder;
  holder.handle_cookie({0}, cookie_of(9));
  holder.handle_cookie({1}, cookie_of(2));
  holder.handle_cookie({2}, cookie_of(3));
  const std::set used{mac2_with(holder, {3}), mac2_with(holder, {4})};
  EXPECT_EQ(used.size(), 2u);
  EXPECT_TRUE(used.contains(old_one));
  EXPECT_EQ(mac2_with(holder, {2 + kCookieLife.ns - 1}), old_one) << "the new one's life is over";
}

// An initiation that was read once costs nothing when it comes again.
TEST_F(Flood, ARepeatedInitiationIsNotReadAgain) {
  tick();
  const auto initiation = take(*initiator);
  for (int i = 0; i < 3; ++i, advance(seconds(2))) responder->handle(now, initiation);
  EXPECT_EQ(counters().initiations_received.value(), 1u);
  EXPECT_EQ(counters().stale.value(), 2u);
  EXPECT_EQ(responder->out.size(), 1u);
}

// Nor where somebody keeps many from being answered, and later sends them again, each with its good cookie.
TEST_F(Flood, ManyRepeatedInitiationsKeepThePeerOutNoLonger) {
  std::vector<std::vector<uint8_t>> recorded;
  for (int i = 0; recorded.size() < 40; ++i, advance(milliseconds(10))) {
    for (int each = 0; each < 20; ++each) responder->handle(now, initiation_of_a_stranger());
    tick();
    for (; !responder->out.empty(); take(*responder)) {
      if (responder->out.front().at(4) == 3) initiator->handle(now, responder->out.front());
    }
    while (!initiator->out.empty()) {
      recorded.push_back(take(*initiator));
      responder->handle(now, recorded.back());
    }
  }
  ASSERT_GT(counters().initiations_received.value(), 20u) << "with a cookie";
  responder->out.clear();
  // Not the last, whose answers the peer would still take.
  flood(seconds(2), [&] {
    for (size_t i = 10; i < 30; ++i) responder->handle(now, recorded[i]);
  });
  cells_flow();
  cells_flow();
  EXPECT_TRUE(up());
}

// With other keys the cookies of before are good no more: who had a key that is taken back may know them, and
// what was recorded could come with the new key's mac1.
TEST_F(Flood, NewKeysTakeNewCookies) {
  flood(seconds(1));
  cells_flow();
  cells_flow();
  ASSERT_TRUE(up());
  initiator->last_authentic = now - seconds(60);
  advance(seconds(1));
  tick();
  auto recorded = take(*initiator);
  const Bytes mac2 = wire::mac2_of(recorded);
  ASSERT_TRUE(std::ranges::any_of(mac2, [](uint8_t byte) { return byte != 0; }));
  AssociationKeys keys = responder->association.keys();
  keys.own = key_of(77);
  responder->association.handle_keys(keys);
  HandshakeMac(keys.own.public_key()).store(recorded);
  const auto without_a_cookie = [&] {
    return counters().cookie_instead.value() + counters().too_many.value();
  };
  const uint64_t before = without_a_cookie();
  for (int i = 0; i < 100; ++i) responder->handle(now, recorded);
  EXPECT_GE(without_a_cookie(), before + 100 - kAnswerBurst);
}

}  // namespace
}  // namespace cuttle
