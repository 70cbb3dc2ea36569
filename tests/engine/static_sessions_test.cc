// Keys that somebody wrote down instead of a handshake, at both ends.
#include "engine/static_sessions.hh"

#include <algorithm>

#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

AeadKey aead_key(uint8_t fill) {
  AeadKey key;
  key.bytes.fill(fill);
  return key;
}

class StaticSessionsTest : public LanePair {
 protected:
  // A key whose slot is over is used a tenth of a second later.
  static constexpr int kBegun = 200;

  // a seals with the keys `first` and, a second later, `first` + 1; b opens with `opened_with` and the next.
  void use(uint8_t first, uint8_t opened_with) {
    std::vector<StaticSession> of_a;
    std::vector<StaticSession> of_b;
    for (uint8_t i = 0; i < 2; ++i) {
      const Duration after = seconds(i);
      of_a.push_back({after, Spi{300u + i}, aead_key(static_cast<uint8_t>(100 + i)), Spi{400u + i},
                      aead_key(static_cast<uint8_t>(first + i))});
      of_b.push_back({after, Spi{400u + i}, aead_key(static_cast<uint8_t>(opened_with + i)), Spi{300u + i},
                      aead_key(static_cast<uint8_t>(100 + i))});
    }
    a->control.use_static_sessions({of_a, best_aead_backend()});
    b->control.use_static_sessions({of_b, best_aead_backend()});
  }
  uint64_t delivered() {
    const uint64_t before = b->lane().packets.packets_out.value();
    a->device->put(packet_of(700, "10.0.0.1", "10.0.0.2"));
    slots(20);
    return b->lane().packets.packets_out.value() - before;
  }
};

TEST_F(StaticSessionsTest, PacketsGoThroughWithoutAHandshake) {
  use(1, 1);
  EXPECT_FALSE(is_up(*a));
  slots(kBegun);
  EXPECT_TRUE(is_up(*a) && is_up(*b));
  EXPECT_EQ(delivered(), 1u);
  EXPECT_EQ(a->lane().sender.counters().handshakes.value(), 0u);
  EXPECT_EQ(b->lane().receiver.current_session(), 1u);
}

TEST_F(StaticSessionsTest, TheNextKeysAreUsedWhenItIsTime) {
  use(1, 1);
  slots(kBegun);
  EXPECT_EQ(b->lane().receiver.current_session(), 1u);
  slots(1500);
  EXPECT_EQ(b->lane().receiver.current_session(), 2u);
  EXPECT_FALSE(a->lane().ring.on_hold());
  EXPECT_EQ(delivered(), 1u);
}

TEST_F(StaticSessionsTest, OtherKeysOpenNothing) {
  use(1, 51);
  slots(kBegun);
  EXPECT_EQ(delivered(), 0u);
  EXPECT_GT(b->lane().receiver.counters().not_authentic.value(), 0u);
}

TEST_F(StaticSessionsTest, ARestoredNodeSealsNothingMoreWithThem) {
  use(1, 1);
  slots(kBegun);
  a->control.handle_restored();
  slots(2000);  // past the second session's time
  EXPECT_FALSE(is_up(*a));
  const uint64_t cells = b->lane().receiver.counters().cells.value();
  slots(100);
  EXPECT_EQ(b->lane().receiver.counters().cells.value(), cells);
}

}  // namespace
}  // namespace cuttle::testing
