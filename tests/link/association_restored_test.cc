// A node whose machine was set back to an earlier state: its peer, and whoever listened, has seen more of it
// than it knows.
#include "association_fixture.hh"

namespace cuttle {
namespace {

using testing::AssociationTest;
using testing::End;
using testing::never;

class Restored : public AssociationTest {
 protected:
  static void restore(End& end) {
    end.association.handle_restored();
    end.drain();
  }
};

TEST_F(Restored, NoSessionIsUsedAgainInEitherDirection) {
  for (const bool of_initiator : {true, false}) {
    SCOPED_TRACE(of_initiator);
    initiator = make_initiator(31);
    responder = make_responder(32);
    run(seconds(3), never);
    ASSERT_TRUE(up());
    End& end = of_initiator ? *initiator : *responder;
    End& other = of_initiator ? *responder : *initiator;
    const uint64_t last = end.receives.back().session;
    end.forgets.clear();
    restore(end);
    EXPECT_TRUE(end.ended) << "nothing more is sealed with its keys";
    ASSERT_FALSE(end.forgets.empty());
    EXPECT_GT(end.forgets.back().session, last) << "a replay must not find a key";
    EXPECT_EQ(end.association.state(now, end.last_authentic), Association::State::connecting);
    const size_t sessions = end.sends.size();
    // What the peer still sends in the old session does not count any more.
    end.first_cell(now, last);
    EXPECT_EQ(end.sends.size(), sessions);
    EXPECT_EQ(other.sends.size(), sessions);

    // The other end finds out by itself that it is not heard.
    end.sends.clear();
    end.receives.clear();
    run(seconds(5), never);
    EXPECT_TRUE(up());
  }
}

// What a cell showed: that cell's arrival decides, not when somebody came to it.
TEST_F(Restored, WhatACellShowsCountsFromItsArrival) {
  run(seconds(3), never);
  ASSERT_TRUE(up());
  const Instant shown = now + milliseconds(3);
  const Instant end = now + kArrivalGrid + kReaction;
  initiator->association.handle_restored(shown);
  initiator->drain();
  EXPECT_EQ(initiator->ends_from, end);
  const uint64_t sent = initiator->association.counters().initiations_sent.value();
  initiator->tick(end - Duration{1}, wall_ns);
  EXPECT_EQ(initiator->association.counters().initiations_sent.value(), sent);
  initiator->tick(now + kTick, wall_ns);
  EXPECT_EQ(initiator->association.counters().initiations_sent.value(), sent + 1);
}

TEST_F(Restored, AnAnswerToWhatWasAskedBeforeAgreesNothing) {
  tick();
  const auto initiation = take(*initiator);
  responder->handle(now, initiation);
  const auto answer = take(*responder);
  restore(*initiator);
  initiator->handle(now, answer);
  EXPECT_TRUE(initiator->sends.empty()) << "the same keys a second time";
  run(seconds(5), never);
  EXPECT_TRUE(up());
}

TEST_F(Restored, AFirstCellOfASessionAgreedBeforeConfirmsNothing) {
  tick();
  responder->handle(now, take(*initiator));
  ASSERT_EQ(responder->receives.size(), 1u);
  restore(*responder);
  responder->first_cell(now, responder->receives.front().session);
  EXPECT_TRUE(responder->sends.empty()) << "the same keys a second time";
}

}  // namespace
}  // namespace cuttle
