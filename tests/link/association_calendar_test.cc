// What two ends tell each other of their calendars and clocks, inside a handshake.
#include "association_fixture.hh"

namespace cuttle {
namespace {

using testing::AssociationTest;
using testing::End;

class AssociationCalendarTest : public AssociationTest {
 protected:
  static constexpr Duration kAhead = seconds(90);

  // The responder's clock is ahead.
  void agree(uint16_t initiators, uint16_t responders) {
    initiator = std::make_unique<End>(*initiator_key, responder_key->public_key(), psk, 11, 0, initiators);
    responder = std::make_unique<End>(*responder_key, initiator_key->public_key(), psk, 12, 0, responders);
    initiator->tick(now, wall_ns);
    responder->tick(now, wall_ns + static_cast<uint64_t>(kAhead.ns));
    responder->handle(now, take(*initiator));
    initiator->handle(now, take(*responder));
  }
};

TEST_F(AssociationCalendarTest, EachHearsOfTheOthersCalendarAndClock) {
  agree(7, 9);
  EXPECT_EQ(initiator->association.peer_offer()->calendar, 9);
  EXPECT_EQ(responder->association.peer_offer()->calendar, 7);
  EXPECT_EQ(initiator->association.peer_clock_ahead(), kAhead);
  EXPECT_EQ(responder->association.peer_clock_ahead(), Duration{} - kAhead);
}

// The handshake of nodes that follow none is what it always was: an answer has no time.
TEST_F(AssociationCalendarTest, WithoutACalendarAnAnswerSaysNoTime) {
  agree(0, 0);
  EXPECT_EQ(initiator->association.peer_offer()->calendar, 0);
  EXPECT_EQ(initiator->association.peer_offer()->timestamp_ns, 0u);
  EXPECT_FALSE(initiator->association.peer_clock_ahead());
}

}  // namespace
}  // namespace cuttle
