// Static keys that change while the link runs: both the old and the new one are accepted for a while, whoever
// of the two nodes initiates with which.
#include "association_fixture.hh"
#include "link/association.hh"

namespace cuttle {
namespace {

using testing::AssociationTest;
using testing::End;
using testing::key_of;
using testing::never;

// Two nodes, a and b, and a second key for b; in every order that the three keys can have.
class Rotation : public AssociationTest, public ::testing::WithParamInterface<int> {
 protected:
  Rotation() {
    std::vector<PrivateKey> keys{key_of(101), key_of(102), key_of(103)};
    std::sort(keys.begin(), keys.end(),
              [](const auto& x, const auto& y) { return x.public_key() < y.public_key(); });
    constexpr int kOrders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const auto& order = kOrders[GetParam()];
    a_key = keys[static_cast<size_t>(order[0])];
    b_key = keys[static_cast<size_t>(order[1])];
    b_next = keys[static_cast<size_t>(order[2])];
    // The fixture's names stand for two nodes; which of them initiates is what the order says.
    initiator = std::make_unique<End>(*a_key, b_key->public_key(), psk, 21, 0);
    responder = std::make_unique<End>(*b_key, a_key->public_key(), psk, 22, 0);
  }
  // Cells flow both ways, and whichever end waits for its confirmation gets it.
  void flow() {
    for (const auto& [from, to] :
         {std::pair(initiator.get(), responder.get()), std::pair(responder.get(), initiator.get())}) {
      if (!to->receives_from(*from)) continue;
      to->last_authentic = now;
      const Spi spi = from->sends.back().first_spi;
      for (const auto& receive : to->receives) {
        if (receive.first_spi == spi) to->first_cell(now, receive.session);
      }
    }
  }
  // Returns the longest time without working cells in both directions.
  Duration run_for(Duration duration) {
    Duration longest{};
    Instant worked = now;
    for (const Instant end = now + duration; now < end; advance(kTick)) {
      tick();
      while (!initiator->out.empty()) responder->handle(now, take(*initiator));
      while (!responder->out.empty()) initiator->handle(now, take(*responder));
      flow();
      if (up()) worked = now;
      longest = std::max(longest, now - worked);
    }
    return longest;
  }
  AssociationKeys keys_of(const PrivateKey& own, const PublicKey& peer,
                          std::optional<PublicKey> next = {}) const {
    return {.own = own, .peer = peer, .next_peer = next, .preshared = psk};
  }

  std::optional<PrivateKey> a_key, b_key, b_next;
};

TEST_P(Rotation, InThreeStepsWithoutAPause) {
  run_for(seconds(3));
  ASSERT_TRUE(up());
  // 1. Everybody learns the key to come.
  initiator->association.handle_keys(keys_of(*a_key, b_key->public_key(), b_next->public_key()));
  EXPECT_EQ(run_for(kRekeyAfter * 2 + seconds(10)), Duration{0});
  EXPECT_EQ(initiator->association.session_peer(), b_key->public_key());
  // 2. Its owner changes to it.
  responder->association.handle_keys(keys_of(*b_next, a_key->public_key()));
  EXPECT_EQ(run_for(kRekeyAfter + seconds(10)), Duration{0});
  EXPECT_EQ(initiator->association.session_peer(), b_next->public_key());
  // 3. Everybody forgets the old one.
  initiator->association.handle_keys(keys_of(*a_key, b_next->public_key()));
  EXPECT_EQ(run_for(kRekeyAfter * 2), Duration{0});
  EXPECT_TRUE(initiator->sends.size() < 12 && responder->sends.size() < 12)
      << "sessions are not agreed twice";
}

TEST_P(Rotation, BackAgain) {
  run_for(seconds(3));
  initiator->association.handle_keys(keys_of(*a_key, b_key->public_key(), b_next->public_key()));
  for (int i = 0; i < 3; ++i) {
    responder->association.handle_keys(keys_of(*b_next, a_key->public_key()));
    EXPECT_EQ(run_for(kRekeyAfter + seconds(7)), Duration{0});
    EXPECT_EQ(initiator->association.session_peer(), b_next->public_key());
    responder->association.handle_keys(keys_of(*b_key, a_key->public_key()));
    EXPECT_EQ(run_for(kRekeyAfter + seconds(7)), Duration{0});
    EXPECT_EQ(initiator->association.session_peer(), b_key->public_key());
  }
}

TEST_P(Rotation, AfterARestartEitherKeyIsFound) {
  initiator->association.handle_keys(keys_of(*a_key, b_key->public_key(), b_next->public_key()));
  responder->association.handle_keys(keys_of(*b_next, a_key->public_key()));
  run_for(seconds(3));
  EXPECT_TRUE(up());
  EXPECT_EQ(initiator->association.session_peer(), b_next->public_key());
}

TEST_P(Rotation, AKeyThatIsTakenAwayEndsItsSession) {
  run_for(seconds(3));
  ASSERT_TRUE(up());
  initiator->association.handle_keys(keys_of(*a_key, b_next->public_key()));
  EXPECT_EQ(initiator->association.state(now, now), Association::State::connecting);
  initiator->drain();
  ASSERT_TRUE(initiator->ended);
  ASSERT_FALSE(initiator->forgets.empty());
  for (const auto& receive : initiator->receives) {
    EXPECT_LT(receive.session, initiator->forgets.back().session) << "none is received any longer";
  }
  run_for(seconds(3));
  EXPECT_FALSE(initiator->association.session_peer().has_value()) << "the old key is not let in again";
  responder->association.handle_keys(keys_of(*b_next, a_key->public_key()));
  run_for(seconds(3));
  EXPECT_EQ(initiator->association.session_peer(), b_next->public_key());
}

TEST_P(Rotation, TheSameKeysAgainChangeNothing) {
  run_for(seconds(3));
  const size_t sends = initiator->sends.size();
  initiator->association.handle_keys(keys_of(*a_key, b_key->public_key()));
  responder->association.handle_keys(keys_of(*b_key, a_key->public_key()));
  run_for(seconds(5));
  EXPECT_EQ(initiator->sends.size(), sends);
}

// A preshared key is mixed into the next handshake; the session goes on until both have the new one.
TEST_P(Rotation, ANewPresharedKey) {
  run_for(seconds(3));
  uint8_t bytes[kKeySize];
  seeded_entropy(5)(bytes);
  const PresharedKey other = PresharedKey::from_random(bytes);
  AssociationKeys keys = keys_of(*a_key, b_key->public_key());
  keys.preshared = other;
  initiator->association.handle_keys(keys);
  EXPECT_EQ(run_for(seconds(20)), Duration{0});
  keys = keys_of(*b_key, a_key->public_key());
  keys.preshared = other;
  const size_t sends = initiator->sends.size();
  responder->association.handle_keys(keys);
  EXPECT_EQ(run_for(seconds(5)), Duration{0});
  EXPECT_GT(initiator->sends.size(), sends);
}

INSTANTIATE_TEST_SUITE_P(EveryOrderOfKeys, Rotation, ::testing::Range(0, 6));

}  // namespace
}  // namespace cuttle
