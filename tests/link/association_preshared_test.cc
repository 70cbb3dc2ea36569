// Preshared keys that two associations agree on by themselves, over a network that an attacker has, with ends
// that crash, lose their files, or come back with old ones.
#include "association_fixture.hh"

namespace cuttle {
namespace {

using testing::always;
using testing::AssociationTest;
using testing::End;
using testing::never;

// One node's life after life: what it has on disk outlives its association.
struct Node {
  RenewedKeys disk;
  uint64_t lost_before = 0;  // counted in its earlier lives
};

class Preshared : public AssociationTest {
 protected:
  Preshared() {
    start(true);
    start(false);
  }

  // A start, or one more after a crash.
  void start(bool of_initiator, bool takes_part = true) {
    Node& node = of_initiator ? of_asking : of_answering;
    auto& end = of_initiator ? initiator : responder;
    if (const auto& before = end->association.preshared()) node.lost_before += before->lost();
    AssociationConfig config{.keys = {.own = of_initiator ? *initiator_key : *responder_key,
                                      .peer = (of_initiator ? *responder_key : *initiator_key).public_key(),
                                      .preshared = psk},
                             .format = wire::CellFormat(256)};
    if (takes_part) config.renew_preshared_after = renew_after;
    config.renewed = node.disk;
    end = std::make_unique<End>(std::move(config), ++seed);
  }
  static void keep(End& end, Node& node) {
    if (!end.association.preshared()) return;
    const auto unkept = end.association.preshared()->poll_unkept();
    if (!unkept) return;
    node.disk = *unkept;
    end.association.handle_preshared_kept(*unkept);
  }
  void keep_both() {
    keep(*initiator, of_asking);
    keep(*responder, of_answering);
  }
  // Sessions come and go, and the files keep up.
  void live(Duration duration) {
    for (const Instant until = now + duration; now < until;) {
      run(seconds(1), never);
      keep_both();
    }
  }
  const RenewedKeys& keys(const std::unique_ptr<End>& end) const {
    return end->association.preshared()->keys();
  }
  bool in_common() const {
    return up() && keys(initiator).proven && keys(initiator).proven->key == keys(responder).proven->key;
  }
  uint64_t lost() const {
    return of_asking.lost_before + of_answering.lost_before + initiator->association.preshared()->lost() +
           responder->association.preshared()->lost();
  }

  Duration renew_after = seconds(86'400);
  uint64_t seed = 100;
  Node of_asking;
  Node of_answering;
};

TEST_F(Preshared, AreAgreedWithTheFirstSessionAndUsedFromTheSecondOn) {
  live(seconds(5));
  ASSERT_TRUE(up());
  EXPECT_FALSE(keys(initiator).proven);
  EXPECT_EQ(keys(initiator).next, keys(responder).next);
  live(seconds(130));
  EXPECT_TRUE(in_common());
  EXPECT_FALSE(keys(initiator).next);
  EXPECT_EQ(lost(), 0u);
}

TEST_F(Preshared, AreRenewedWhenTheyAreOld) {
  renew_after = seconds(600);
  start(true);
  start(false);
  live(seconds(130));
  ASSERT_TRUE(in_common());
  const RenewedKey first = *keys(initiator).proven;
  live(seconds(590));
  EXPECT_EQ(keys(initiator).proven->key, first.key);
  live(seconds(260));
  EXPECT_TRUE(in_common());
  EXPECT_NE(keys(initiator).proven->key, first.key);
  EXPECT_EQ(lost(), 0u);
}

TEST_F(Preshared, OutliveARestartOfBoth) {
  live(seconds(130));
  ASSERT_TRUE(in_common());
  const RenewedKey before = *keys(initiator).proven;
  start(true);
  start(false);
  live(seconds(5));
  EXPECT_TRUE(in_common());
  EXPECT_EQ(keys(responder).proven, before);
}

// What its peer lost, an end counts; and the two have one in common again with the next session but one.
TEST_F(Preshared, WhereOneEndLosesItsFileBothBeginAnew) {
  for (const bool of_initiator : {true, false}) {
    SCOPED_TRACE(of_initiator);
    live(seconds(260));
    ASSERT_TRUE(in_common());
    const RenewedKey before = *keys(initiator).proven;
    const uint64_t lost_before = lost();
    (of_initiator ? of_asking : of_answering).disk = {};
    start(of_initiator);
    live(seconds(5));
    ASSERT_TRUE(up());
    EXPECT_EQ(lost(), lost_before + 1);
    live(seconds(130));
    EXPECT_TRUE(in_common());
    EXPECT_NE(keys(initiator).proven->key, before.key);
  }
}

TEST_F(Preshared, AnEndThatWasSetBackToAnOldFileIsNotLockedOut) {
  renew_after = seconds(1);
  start(true);
  start(false);
  for (const bool of_initiator : {true, false}) {
    SCOPED_TRACE(of_initiator);
    live(seconds(260));
    ASSERT_TRUE(up());
    const RenewedKeys old = (of_initiator ? of_asking : of_answering).disk;
    live(seconds(1300));
    (of_initiator ? of_asking : of_answering).disk = old;
    start(of_initiator);
    live(seconds(5));
    EXPECT_TRUE(up());
    live(seconds(260));
    EXPECT_TRUE(up());
    EXPECT_TRUE(keys(initiator).proven);
  }
}

// The renewed key is in the handshake: who has the static keys and the configured one, but not that, gets no
// session out of a recorded one, and an answer made without it is not read.
TEST_F(Preshared, AnswersWithAnotherRenewedKeyAreNotRead) {
  live(seconds(260));
  ASSERT_TRUE(in_common());
  of_answering.disk.proven->key = PresharedKey::from_random(std::array<uint8_t, kKeySize>{7});
  of_answering.disk.next.reset();
  start(false);
  advance(seconds(2));
  tick();
  responder->handle(now, take(*initiator));
  initiator->sends.clear();
  initiator->handle(now, take(*responder));
  EXPECT_TRUE(initiator->sends.empty());
  EXPECT_EQ(initiator->association.counters().not_genuine.value(), 1u);
}

// Anybody on the way can make answers that cannot be read, with a good mac1; mac2 is what he has not.
TEST_F(Preshared, ForgedAnswersLeadNowhereDown) {
  live(seconds(260));
  ASSERT_TRUE(in_common());
  start(true);
  for (const bool with_mac2 : {false, true}) {
    advance(seconds(2));
    tick();
    const auto asked = take(*initiator);
    responder->handle(now, asked);
    auto forged = take(*responder);
    forged[wire::kHandshakeHeaderBytes + 40] ^= 1;
    if (with_mac2)
      AnswerMac(*responder_key, initiator_key->public_key(), psk).store(forged, wire::mac1_of(asked));
    HandshakeMac(initiator_key->public_key()).store(forged);
    initiator->handle(now, forged);
    EXPECT_EQ(initiator->association.counters().not_genuine.value(), with_mac2 ? 2u : 1u);
    EXPECT_EQ(initiator->association.preshared()->rung(),
              with_mac2 ? PresharedRatchet::Rung::none : PresharedRatchet::Rung::next);
  }
}

// Indices are of 32 bits: whoever records answers for long enough has one of each.
TEST_F(Preshared, ARecordedAnswerLeadsNowhereDownWhateverItsIndex) {
  live(seconds(260));
  ASSERT_TRUE(in_common());
  const uint64_t life = seed;
  start(true);
  advance(seconds(2));
  tick();
  const auto first = take(*initiator);
  responder->handle(now, first);
  const auto recorded = take(*responder);
  seed = life;  // the index is drawn once more
  start(true);
  advance(seconds(2));
  tick();
  const auto second = take(*initiator);
  ASSERT_TRUE(std::equal(first.begin() + 8, first.begin() + 12, second.begin() + 8));
  initiator->handle(now, recorded);
  EXPECT_EQ(initiator->association.counters().not_genuine.value(), 1u);
  EXPECT_EQ(initiator->association.preshared()->rung(), PresharedRatchet::Rung::next);
}

// As today's agents do: nothing in the offers, and nothing is made of what the other says.
TEST_F(Preshared, APeerThatTakesNoPartHasItsSessionsAllTheSame) {
  for (const bool of_initiator : {true, false}) {
    SCOPED_TRACE(of_initiator);
    start(!of_initiator);
    start(of_initiator, false);
    live(seconds(130));
    EXPECT_TRUE(up());
    const auto& other = (of_initiator ? responder : initiator)->association;
    EXPECT_FALSE(other.preshared()->peer_takes_part());
    EXPECT_FALSE(other.preshared()->poll_unkept());
    EXPECT_EQ(other.peer_offer()->preshared, 0);
    EXPECT_FALSE(other.peer_offer()->renew_preshared);
    EXPECT_EQ((of_initiator ? initiator : responder)->association.peer_offer()->preshared,
              of_initiator ? 0 : PresharedRatchet::kHasNone)
        << "who answers says nothing to who does not ask";
  }
}

// An attacker loses, delays and repeats messages and cells as he likes, while ends crash and their disks are
// slow. As long as no disk loses anything, no session is agreed without a renewed key from the first one on.
TEST_F(Preshared, NobodyOnTheWayBringsItBackToTheConfiguredKey) {
  for (uint64_t round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    Random rng(round);
    const auto chance = [&](uint64_t percent) { return rng.below(100) < percent; };
    of_asking = {};
    of_answering = {};
    renew_after = seconds(1);
    start(true);
    start(false);
    live(seconds(130));
    of_asking.lost_before = of_answering.lost_before = 0;
    ASSERT_TRUE(in_common());
    std::vector<std::vector<uint8_t>> heard;  // what the attacker recorded, of both
    for (int step = 0; step < 3000; ++step) {
      advance(chance(2) ? seconds(1) : kTick);
      tick();
      for (End* from : {initiator.get(), responder.get()}) {
        End& to = from == initiator.get() ? *responder : *initiator;
        while (!from->out.empty()) {
          auto cell = take(*from);
          if (chance(50)) to.handle(now, cell);
          if (chance(30)) heard.push_back(std::move(cell));
        }
      }
      if (!heard.empty() && chance(10)) {
        const auto& cell = heard[heard.size() - 1 - rng.below(std::min<size_t>(heard.size(), 6))];
        (chance(50) ? *initiator : *responder).handle(now, cell);
      }
      // Any first cell that could come, also of a session before.
      if (chance(30)) cells_flow();
      if (chance(10) && !initiator->sends.empty()) {
        const InstallSend& old = initiator->sends[initiator->sends.size() - 1 -
                                                  rng.below(std::min<size_t>(initiator->sends.size(), 3))];
        for (const auto& receive : std::vector(responder->receives)) {
          if (receive.secret == old.secret) responder->first_cell(now, receive.session);
        }
      }
      if (chance(20)) keep(*initiator, of_asking);
      if (chance(20)) keep(*responder, of_answering);
      if (chance(1)) start(chance(50));
      ASSERT_EQ(lost(), 0u) << step;
      ASSERT_TRUE(keys(initiator).proven) << step;
      ASSERT_TRUE(keys(responder).proven) << step;
    }
    live(seconds(300));
    EXPECT_TRUE(up());
    EXPECT_EQ(lost(), 0u);
  }
}

}  // namespace
}  // namespace cuttle
