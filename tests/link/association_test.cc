// The association: sessions agreed, renewed by the clock, and agreed anew after whatever went wrong.
#include "link/association.hh"

#include <gmock/gmock.h>

#include "association_fixture.hh"

namespace cuttle {
namespace {

using testing::always;
using testing::AssociationTest;
using testing::End;
using testing::never;

TEST_F(AssociationTest, TheSmallerPublicKeyInitiates) {
  EXPECT_TRUE(initiator->association.is_initiator());
  EXPECT_FALSE(responder->association.is_initiator());
  run(seconds(10), always);
  EXPECT_GT(initiator->association.counters().initiations_sent.value(), 0u);
  EXPECT_EQ(responder->association.counters().initiations_sent.value(), 0u);
}

TEST_F(AssociationTest, OneRoundAgreesOnKeysForBothDirections) {
  handshake();
  EXPECT_TRUE(up());
  EXPECT_EQ(initiator->association.counters().sessions.value(), 1u);
  EXPECT_EQ(responder->association.counters().sessions.value(), 1u);
  EXPECT_FALSE(initiator->sends[0].secret == Secret<32>());
  EXPECT_FALSE(initiator->sends[0].secret == responder->sends[0].secret);
  EXPECT_NE(initiator->sends[0].first_spi, responder->sends[0].first_spi);
  EXPECT_TRUE(initiator->sends[0].first);
  EXPECT_TRUE(responder->sends[0].first);
}

TEST_F(AssociationTest, EveryMessageHasTheSizeOfACell) {
  tick();
  const auto initiation = take(*initiator);
  EXPECT_EQ(initiation.size(), 256u);
  EXPECT_TRUE(wire::is_handshake(initiation));
  responder->handle(now, initiation);
  const auto response = take(*responder);
  EXPECT_EQ(response.size(), 256u);
  EXPECT_TRUE(wire::is_handshake(response));
}

TEST_F(AssociationTest, EachSideLearnsWhatTheOtherOffers) {
  handshake();
  ASSERT_TRUE(initiator->association.peer_offer().has_value());
  EXPECT_EQ(initiator->association.peer_offer()->cell_bytes, 256u);
  EXPECT_EQ(responder->association.peer_offer()->lanes, 1);
  EXPECT_NE(responder->association.peer_offer()->timestamp_ns, 0u);
}

TEST_F(AssociationTest, TheAnsweringSideDoesNotSendBeforeACellCame) {
  tick();
  responder->handle(now, take(*initiator));
  EXPECT_EQ(responder->receives.size(), 1u) << "it can receive at once";
  EXPECT_TRUE(responder->sends.empty());
  EXPECT_EQ(responder->association.state(now, now), Association::State::connecting);
  responder->first_cell(now, responder->receives[0].session);
  EXPECT_EQ(responder->sends.size(), 1u);
  EXPECT_EQ(responder->association.state(now, now), Association::State::up);
  responder->first_cell(now, responder->receives[0].session);
  EXPECT_EQ(responder->sends.size(), 1u) << "once";
}

TEST_F(AssociationTest, LostMessagesAreSentAgainEveryHalfSecond) {
  int left_to_lose = 7;
  run(seconds(4), [&] { return left_to_lose-- > 0; });
  EXPECT_TRUE(up());
  EXPECT_GE(initiator->association.counters().initiations_sent.value(), 5u);
  EXPECT_LE(initiator->association.counters().initiations_sent.value(), 8u);
}

TEST_F(AssociationTest, NewKeysEveryTwoMinutesByTheClock) {
  run(seconds(3600), never);
  EXPECT_TRUE(up());
  const uint64_t sessions = initiator->association.counters().sessions.value();
  EXPECT_EQ(sessions, 30u);
  EXPECT_EQ(responder->association.counters().sessions.value(), sessions);
  EXPECT_EQ(initiator->association.counters().initiations_sent.value(), sessions) << "no more than needed";
  for (size_t i = 1; i < initiator->sends.size(); ++i) {
    EXPECT_FALSE(initiator->sends[i].first) << "the one before it still works";
    EXPECT_FALSE(initiator->sends[i].secret == initiator->sends[i - 1].secret);
  }
}

TEST_F(AssociationTest, TheSessionBeforeIsForgottenAfterTheOverlap) {
  handshake();
  EXPECT_TRUE(initiator->forgets.empty());
  run(kOverlap + kTick + kTick, never);
  ASSERT_EQ(initiator->forgets.size(), 1u);
  EXPECT_EQ(initiator->forgets[0].session, initiator->sends[0].session);
  ASSERT_EQ(responder->forgets.size(), 1u);
}

TEST_F(AssociationTest, WhatTheWireShowsComesAFixedTimeAfterWhatCausedIt) {
  const auto on_grid = [](Instant t) {
    return Instant{(t.ns + kArrivalGrid.ns - 1) / kArrivalGrid.ns * kArrivalGrid.ns};
  };
  now = Instant{5'037'000'000};
  tick();
  EXPECT_EQ(initiator->due, Instant{5'000'000'000} + kTick + kReaction) << "counted from the tick";
  const auto initiation = take(*initiator);
  advance(milliseconds(51));
  responder->handle(now, initiation);
  EXPECT_EQ(responder->due, on_grid(now) + kReaction);
  advance(milliseconds(7));
  initiator->handle(now, take(*responder));
  EXPECT_EQ(initiator->sends[0].from, on_grid(now) + kReaction);
  EXPECT_EQ(initiator->sends[0].until, on_grid(now) + kRejectAfter);
  advance(milliseconds(9));
  responder->first_cell(now, responder->receives[0].session);
  EXPECT_EQ(responder->sends[0].from, on_grid(now) + kReaction);
}

// The receiving thread stamps a datagram when it gets round to it, and that depends on what came before.
TEST_F(AssociationTest, AStampAFewMillisecondsLaterDoesNotShow) {
  tick();
  const auto initiation = take(*initiator);
  const Instant due = now + kArrivalGrid + kReaction;
  const Instant grid_begins = now;
  for (const Duration late : {nanoseconds(1), milliseconds(1), milliseconds(4), kArrivalGrid}) {
    now = grid_begins + late;
    initiator = make_initiator(11);
    initiator->tick(now, wall_ns);
    EXPECT_EQ(take(*initiator), initiation) << "a twin";
    responder = make_responder(12);
    responder->handle(now, initiation);
    EXPECT_EQ(responder->due, due) << late.ns;
    initiator->handle(now, take(*responder));
    EXPECT_EQ(initiator->sends[0].from, due) << late.ns;
    EXPECT_EQ(initiator->sends[0].until, due - kReaction + kRejectAfter) << late.ns;
    responder->first_cell(now, responder->receives[0].session);
    EXPECT_EQ(responder->sends[0].from, due) << late.ns;
  }
}

TEST_F(AssociationTest, HowOftenTheClockIsLookedAtDoesNotShow) {
  auto twin = make_initiator(11);
  std::vector<Instant> due;
  std::vector<Instant> due_of_twin;
  const auto look = [&](End& end, Instant t, std::vector<Instant>& into) {
    end.tick(t, wall_ns);
    if (!end.out.empty()) into.push_back(end.due);
    end.out.clear();
  };
  Random random(3);
  for (Instant t{5'000'000'000}; t < Instant{9'000'000'000};) {
    look(*initiator, t, due);
    if (t.ns % kTick.ns < milliseconds(40).ns) look(*twin, Instant{t.ns / kTick.ns * kTick.ns}, due_of_twin);
    t = t + milliseconds(1 + static_cast<int64_t>(random.below(39)));
  }
  EXPECT_GT(due.size(), 5u);
  EXPECT_EQ(due, due_of_twin);
}

TEST_F(AssociationTest, AfterTheInitiatorStartedAnew) {
  handshake();
  run(seconds(30), never);
  initiator = make_initiator(99);
  run(seconds(3), never);
  EXPECT_TRUE(up());
  EXPECT_EQ(responder->association.counters().sessions.value(), 2u);
  EXPECT_EQ(responder->association.counters().stale.value(), 0u);
  EXPECT_TRUE(responder->sends.back().first) << "a peer that knows no session is not waited for";
}

TEST_F(AssociationTest, AfterTheInitiatorStartedAnewBeforeItWasMissed) {
  handshake();
  run(seconds(5), never);
  initiator = make_initiator(99);
  run(milliseconds(300), never);
  EXPECT_TRUE(up());
  EXPECT_TRUE(responder->sends.back().first);
}

TEST_F(AssociationTest, ASlowPeerIsNotTakenForAQuietOne) {
  slot_ns = 1'000'000'000;
  initiator = make_initiator(11);
  responder = make_responder(12);
  handshake();
  const uint64_t before = initiator->association.counters().initiations_sent.value();
  for (int i = 0; i < 10; ++i) {
    run(milliseconds(1900), never, false);
    cells_flow();
  }
  EXPECT_EQ(initiator->association.counters().initiations_sent.value(), before);
  run(seconds(5), never, false);
  EXPECT_GT(initiator->association.counters().initiations_sent.value(), before);
}

TEST_F(AssociationTest, AfterTheResponderStartedAnew) {
  handshake();
  run(seconds(30), never);
  responder = make_responder(98);
  run(seconds(3), never);
  EXPECT_TRUE(up());
  EXPECT_TRUE(initiator->sends.back().first) << "a peer that hears nothing is not waited for";
}

TEST_F(AssociationTest, AfterBothStartedAnew) {
  handshake();
  initiator = make_initiator(97);
  responder = make_responder(96);
  run(seconds(1), never);
  EXPECT_TRUE(up());
}

TEST_F(AssociationTest, AfterALongPartition) {
  handshake();
  for (const Duration outage : {seconds(2), seconds(100), seconds(200), seconds(1000)}) {
    run(outage, always, false);
    run(seconds(3), never);
    EXPECT_TRUE(up()) << outage.ns;
    EXPECT_EQ(initiator->association.state(now, initiator->last_authentic), Association::State::up);
  }
}

TEST_F(AssociationTest, WhenOneDirectionAloneIsCut) {
  handshake();
  run(seconds(20), never);
  // The responder hears everything, the initiator nothing: it asks on, and what it seals stays readable.
  const Spi in_use = initiator->sends.back().first_spi;
  for (int i = 0; i < 300; ++i, advance(kTick)) {
    tick();
    while (!initiator->out.empty()) responder->handle(now, take(*initiator));
    responder->out.clear();
    responder->last_authentic = now;
    EXPECT_EQ(initiator->sends.back().first_spi, in_use);
  }
  EXPECT_GT(responder->receives.size(), 10u);
  run(seconds(2), never);
  EXPECT_TRUE(up());
}

TEST_F(AssociationTest, ASessionThatCannotBeRenewedEndsAfterThreeMinutes) {
  handshake();
  for (int i = 0; i < 2000 && initiator->association.established(); ++i, advance(kTick)) {
    tick();
    initiator->out.clear();
    initiator->last_authentic = responder->last_authentic = now;
  }
  EXPECT_EQ(now.ns / kRejectAfter.ns, (Instant{5'000'000'000} + kRejectAfter).ns / kRejectAfter.ns);
  EXPECT_EQ(initiator->association.state(now, now), Association::State::connecting);
  EXPECT_EQ(responder->association.state(now, now), Association::State::connecting);
  EXPECT_EQ(initiator->sends[0].until, Instant{5'000'000'000} + kRejectAfter);
  run(seconds(2), never);
  EXPECT_TRUE(up());
}

TEST_F(AssociationTest, KeysForReceivingEndWithTheSession) {
  handshake();
  const Instant end = now + kRejectAfter;
  for (; now <= end; advance(kTick)) {
    initiator->last_authentic = responder->last_authentic = now;
    tick();
    initiator->out.clear();
  }
  for (const End* side : {initiator.get(), responder.get()}) {
    ASSERT_FALSE(side->association.established().has_value());
    ASSERT_FALSE(side->forgets.empty());
    EXPECT_GT(side->forgets.back().session, side->receives.back().session);
  }
  run(kOverlap * 2, never);
  EXPECT_TRUE(up());
}

TEST_F(AssociationTest, KeysThatNobodyConfirmsGoSoon) {
  for (size_t i = 0; i < kMaxUnconfirmed; ++i, advance(kRetry)) {
    tick();
    responder->handle(now, take(*initiator));
  }
  ASSERT_EQ(responder->receives.size(), kMaxUnconfirmed);
  EXPECT_TRUE(responder->forgotten.empty());
  advance(kUnconfirmedLife + kReaction);
  responder->tick(now, wall_ns);
  EXPECT_THAT(responder->forgotten, ::testing::ElementsAre(1, 2, 3, 4));
  responder->first_cell(now, responder->receives.back().session);
  EXPECT_TRUE(responder->sends.empty());
}

TEST_F(AssociationTest, KeysThatNobodyConfirmsGoSoonBesideASessionInUse) {
  handshake();
  const uint64_t in_use = responder->receives.back().session;
  ask_for_renewal();
  const uint64_t unconfirmed = responder->receives.back().session;
  ASSERT_NE(unconfirmed, in_use);
  advance(kUnconfirmedLife + kReaction);
  responder->last_authentic = now;
  responder->tick(now, wall_ns);
  EXPECT_THAT(responder->forgotten, ::testing::ElementsAre(unconfirmed));
}

TEST_F(AssociationTest, KeysOfOtherAnswersGoWithTheFirstCell) {
  for (size_t i = 0; i < 2; ++i, advance(kRetry)) {
    tick();
    responder->handle(now, take(*initiator));
  }
  initiator->handle(now, responder->out.front());
  cells_flow();
  ASSERT_EQ(responder->sends.size(), 1u);
  EXPECT_THAT(responder->forgotten, ::testing::ElementsAre(2)) << "the attacker held the second answer back";
}

// Whoever holds an answer back until the answering side has forgotten it would bring the two into sessions
// that have nothing in common.
TEST_F(AssociationTest, AnAnswerThatWasHeldBackIsNotTaken) {
  handshake();
  ask_for_renewal();
  const auto answer = take(*responder);
  advance(kAttemptLife);
  initiator->last_authentic = responder->last_authentic = now;
  initiator->handle(now, answer);
  EXPECT_EQ(initiator->sends.size(), 1u);
  EXPECT_EQ(initiator->association.counters().unexpected.value(), 1u);
}

// The old session ends between an answer and the first cell of the new one.
TEST_F(AssociationTest, TheEndOfASessionLeavesTheNextAlone) {
  handshake();
  advance(kRejectAfter - kTick);
  initiator->last_authentic = responder->last_authentic = now;
  tick();
  responder->handle(now, take(*initiator));
  advance(kTick);
  responder->tick(now, wall_ns);
  ASSERT_FALSE(responder->association.established().has_value());
  const uint64_t next = responder->receives.back().session;
  ASSERT_EQ(responder->forgets.back().session, next) << "and not one more";
  initiator->handle(now, take(*responder));
  responder->first_cell(now, next);
  EXPECT_TRUE(up());
}

TEST_F(AssociationTest, AClockSetBackIsLetInOnceItsOldSessionIsQuiet) {
  handshake();
  run(seconds(10), never);
  initiator = make_initiator(95);
  wall_ns -= 3'600'000'000'000;
  run(milliseconds(900), never);
  EXPECT_GT(responder->association.counters().stale.value(), 0u) << "it might be a replay";
  run(seconds(3), never);
  EXPECT_TRUE(up());
  // And from then on its renewals are let in at once: no gap every three minutes.
  const uint64_t stale = responder->association.counters().stale.value();
  run(seconds(1200), never);
  EXPECT_EQ(responder->association.counters().stale.value(), stale);
  EXPECT_EQ(initiator->association.counters().sessions.value(), 1u + 10);
}

TEST_F(AssociationTest, AClockSetBackIsLetInThoughNewerOnesWaitForTheirFirstCell) {
  for (size_t i = 0; i < kMaxUnconfirmed; ++i, advance(kRetry)) {
    tick();
    responder->handle(now, take(*initiator));
  }
  responder->out.clear();
  initiator = make_initiator(95);
  wall_ns -= 3'600'000'000'000;
  run(seconds(2), never);
  EXPECT_GT(responder->association.counters().stale.value(), 0u);
  EXPECT_GT(initiator->association.counters().cookies_received.value(), 0u) << "which shows that it asks now";
  EXPECT_TRUE(up());
}

TEST_F(AssociationTest, AClockSetBackWhileRunningChangesNothing) {
  handshake();
  wall_ns -= 3'600'000'000'000;
  run(seconds(1000), never);
  EXPECT_TRUE(up());
  EXPECT_EQ(responder->association.counters().stale.value(), 0u);
  EXPECT_EQ(initiator->association.counters().sessions.value(), 9u);
}

TEST_F(AssociationTest, ADifferentPresharedKeyNeverConnects) {
  uint8_t bytes[kKeySize];
  seeded_entropy(5)(bytes);
  psk = PresharedKey::from_random(bytes);
  responder = make_responder(94);
  run(seconds(10), never);
  EXPECT_FALSE(up());
  EXPECT_TRUE(initiator->sends.empty());
  EXPECT_GT(initiator->association.counters().not_genuine.value(), 0u);
}

TEST_F(AssociationTest, UnderHeavyLossItStillGetsThrough) {
  Random random(4);
  run(seconds(600), [&] { return random.chance(0.7); });
  run(seconds(5), never);
  EXPECT_TRUE(up());
}

}  // namespace
}  // namespace cuttle
