// What the handshakes' thread does with a link.
#include "engine/link_control.hh"

#include "lane_pair.hh"

namespace cuttle::testing {
namespace {

class LinkControlTest : public LanePair {
 protected:
  End& initiator() { return a->control.association().is_initiator() ? *a : *b; }
  End& answerer() { return a->control.association().is_initiator() ? *b : *a; }

  static bool drew_anew(End& end) {
    bool drew = false;
    while (auto command = end.lane().to_pacer.pop()) {
      drew = drew || std::holds_alternative<ChangeDraws>(*command);
    }
    return drew;
  }

  static void look(End& end, Instant at) { end.control.handle_handshakes(at, static_cast<uint64_t>(at.ns)); }
  static uint64_t asked(End& end) { return end.control.association().counters().initiations_sent.value(); }
  static std::vector<uint8_t> take_handshake(End& end) {
    const auto waiting = end.lane().handshakes_out.front();
    if (!waiting) return {};
    std::vector<uint8_t> cell(waiting->cell.begin(), waiting->cell.end());
    end.lane().handshakes_out.pop();
    return cell;
  }

  // An initiation, as it arrives.
  std::vector<uint8_t> initiation() {
    initiator().control.handle_handshakes(now, 1);
    const auto waiting = initiator().lane().handshakes_out.front();
    EXPECT_TRUE(waiting);
    return {waiting->cell.begin(), waiting->cell.end()};
  }
  // When the answer to it is due, where the handshakes' thread comes to it so late.
  Instant answer_due(Instant arrived, Duration late) {
    answerer().lane().handshakes_in.push(initiation(), arrived);
    answerer().control.handle_handshakes(arrived + kSettle + late, 1);
    const auto answer = answerer().lane().handshakes_out.front();
    EXPECT_TRUE(answer);
    return answer ? answer->stamp : Instant{};
  }
};

// However late this thread comes to it; what missed its slot is the sender's to see.
TEST_F(LinkControlTest, AnAnswerIsDueAFixedTimeAfterTheGridInstant) {
  const Instant arrived = Instant{} + seconds(5) + milliseconds(3);
  EXPECT_EQ(answer_due(arrived, milliseconds(46)), Instant{} + seconds(5) + kArrivalGrid + kReaction);
}

// Who gets the answer may send at once.
TEST_F(LinkControlTest, TheKeysOfAnAnswerAreThereBeforeIt) {
  int told = 0;
  answerer().control.set_receiver_wake_up(0, [&] {
    ++told;
    EXPECT_FALSE(answerer().lane().handshakes_out.front());
  });
  answer_due(Instant{} + seconds(5), milliseconds(1));
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(answerer().lane().to_receiver.empty());
}

TEST_F(LinkControlTest, AChangeOfKeysHoldsThePackerAndGoesOn) {
  come_up();
  const uint64_t sessions = a->control.association().counters().sessions.value();
  // Both are told of a's new key; then a takes it.
  const AssociationKeys both{
      .own = key_of(2), .peer = key_of(1).public_key(), .next_peer = key_of(3).public_key()};
  b->control.handle_keys(both);
  a->control.handle_keys({.own = key_of(3), .peer = key_of(2).public_key()});
  int held = 0;
  for (int i = 0; i < 3000 && a->control.association().counters().sessions.value() == sessions; ++i) {
    slots(1);
    if (a->lane().ring.on_hold() || b->lane().ring.on_hold()) ++held;
  }
  slots(500);
  EXPECT_GT(a->control.association().counters().sessions.value(), sessions);
  EXPECT_GT(held, 0);
  EXPECT_FALSE(a->lane().ring.on_hold());
  EXPECT_FALSE(b->lane().ring.on_hold());
  EXPECT_TRUE(is_up(*a) && is_up(*b));
  const uint64_t before = b->lane().packets.packets_out.value();
  a->device->put(packet_of(700, "10.0.0.1", "10.0.0.2"));
  slots(20);
  EXPECT_EQ(b->lane().packets.packets_out.value(), before + 1);
}

TEST_F(LinkControlTest, ARestoredNodeAgreesOnNewKeysAndDrawsAnew) {
  come_up();
  a->control.handle_restored();
  EXPECT_TRUE(drew_anew(*a));
  EXPECT_FALSE(is_up(*a));
  slots(10);
  come_up();
}

// Nobody says so, but the peer's cells, which left at a known rate, come earlier than they can.
TEST_F(LinkControlTest, ANodeWhoseClockWasSetBackNoticesByItsPeersCells) {
  come_up();
  slots(100);
  for (const Duration back : {milliseconds(300), seconds(3)}) {
    while (a->lane().to_pacer.pop()) {
    }
    a->socket->set_time(now - back);
    slot(*b);
    receive(*a);
    look(*a, now + kSettle);
    EXPECT_EQ(drew_anew(*a), back > PeerPace::kAhead) << back.ns;
  }
  EXPECT_FALSE(is_up(*a));
  slots(10);
  come_up();
}

// Whoever holds a peer's cells back for seconds can bring that about, at a time of his choosing: when the
// cells end then says nothing about how busy the threads in between are.
TEST_F(LinkControlTest, WhatAPeersCellShowsEndsTheSessionAtItsInstant) {
  std::vector<int> slots_until_the_end;
  for (const Duration late : {Duration{}, milliseconds(5), milliseconds(15)}) {
    come_up();
    slots(5000, milliseconds(700));
    // On a grid, so that each time is as the others.
    while (a->lane().sender.deadline().ns % kArrivalGrid.ns >= plan.period().ns) slots(1, milliseconds(700));
    a->socket->set_time(now);
    slot(*b);
    receive(*a);
    const Instant shown = now;
    int count = 0;
    bool is_told = false;
    for (; count < 300 && a->lane().sender.has_session(); ++count) {
      if (!is_told && now - shown >= late) {
        is_told = true;
        a->control.handle_handshakes(now, static_cast<uint64_t>(now.ns));
      }
      slot(*a);
    }
    slots_until_the_end.push_back(count);
    slots(10);
  }
  EXPECT_GE(slots_until_the_end[0], kReaction.ns / plan.period().ns);
  EXPECT_LE(slots_until_the_end[0], (kReaction + kArrivalGrid).ns / plan.period().ns + 1);
  EXPECT_EQ(slots_until_the_end[1], slots_until_the_end[0]);
  EXPECT_EQ(slots_until_the_end[2], slots_until_the_end[0]);
}

// Whether anything leaves, and which message, follows from what had arrived when it was decided, however late
// the receiver's thread opens that, and this one looks at it. An attacker chooses both arrivals: something a
// moment before or behind an instant at which something is decided.
class DecisionTest : public LinkControlTest {
 protected:
  static constexpr Duration kLate[] = {microseconds(20), microseconds(300), milliseconds(5),
                                       milliseconds(15)};

  // What arrives at `arrives` is told of so much later, and the thread looks so much after it settles; and
  // sooner, where something else wakes it.
  template <typename Tell>
  void come_to_it(End& end, Instant decided, Instant arrives, Duration told_late, Duration looked_late,
                  Tell tell) {
    const Instant told = arrives + told_late;
    bool is_told = false;
    for (const Instant at : {decided + microseconds(50), decided + kSettle + looked_late,
                             std::max(told, arrives + kSettle) + looked_late}) {
      if (!is_told && told <= at) tell();
      is_told = is_told || told <= at;
      look(end, at);
    }
  }
  // The first tick at which a link that heard the last cell at `last` is quiet.
  static Instant tick_of_silence(Instant last) {
    return {((last + seconds(1)).ns / kTick.ns + 1) * kTick.ns};
  }
  // Of initiations that `end` asked meanwhile, where a cell ends a silence of a second `after` its tick.
  uint64_t asked_in_silence(Duration after, Duration told_late, Duration looked_late) {
    come_up();
    slots(200);
    End& asking = initiator();
    End& other = answerer();
    const Instant tick = tick_of_silence(asking.lane().receiver.last_authentic());
    const uint64_t before = asked(asking);
    const Instant arrives = tick + after;
    asking.socket->set_time(arrives);
    slot(other);
    come_to_it(asking, tick, arrives, told_late, looked_late, [&] { receive(asking); });
    return asked(asking) - before;
  }
};

TEST_F(DecisionTest, AnAnswerBehindTheTickOfTheRetryIsTooLateForIt) {
  const Instant began{10'000'000'000};
  look(initiator(), began + kSettle);
  answerer().lane().handshakes_in.push(take_handshake(initiator()), began + milliseconds(130));
  look(answerer(), began + milliseconds(130) + kSettle);
  const auto answer = take_handshake(answerer());
  ASSERT_FALSE(answer.empty());
  const Instant tick = began + kRetry;
  for (const Duration after : {microseconds(100), microseconds(-100)}) {
    for (const Duration told : kLate) {
      for (const Duration looked : kLate) {
        make_ends();
        look(initiator(), began + kSettle);
        (void)take_handshake(initiator());
        const uint64_t before = asked(initiator());
        const Instant arrives = tick + after;
        come_to_it(initiator(), tick, arrives, told, looked,
                   [&] { initiator().lane().handshakes_in.push(answer, arrives); });
        EXPECT_EQ(asked(initiator()) - before, after.ns > 0 ? 1u : 0u)
            << after.ns << ' ' << told.ns << ' ' << looked.ns;
      }
    }
  }
}

TEST_F(DecisionTest, ACellThatEndsASilenceCountsFromItsArrival) {
  for (const Duration after : {microseconds(100), microseconds(-100)}) {
    for (const Duration told : kLate) {
      for (const Duration looked : kLate) {
        make_ends();
        EXPECT_EQ(asked_in_silence(after, told, looked), after.ns > 0 ? 1u : 0u)
            << after.ns << ' ' << told.ns << ' ' << looked.ns;
      }
    }
  }
}

// An old one is answered where nothing is heard, and gets a cookie where something is.
TEST_F(DecisionTest, AnOldInitiationIsAnsweredByWhatWasHeardWhenItCame) {
  for (const Duration told : kLate) {
    for (const Duration looked : kLate) {
      make_ends();
      const Instant began{10'000'000'000};
      std::vector<std::vector<uint8_t>> recorded;
      for (int i = 0; i < 3; ++i) {
        look(initiator(), began + kRetry * i + kSettle);
        recorded.push_back(take_handshake(initiator()));
      }
      const Instant asked_at = began + milliseconds(1200);
      answerer().lane().handshakes_in.push(recorded.back(), asked_at);
      look(answerer(), asked_at + kSettle);
      initiator().lane().handshakes_in.push(take_handshake(answerer()), asked_at + milliseconds(50));
      look(initiator(), asked_at + milliseconds(50) + kSettle);
      now = asked_at + milliseconds(100);
      initiator().lane().sender.handle_start(now);
      answerer().lane().sender.handle_start(now);
      slots(300);
      ASSERT_TRUE(is_up(answerer()));
      const Instant arrives = answerer().lane().receiver.last_authentic() + milliseconds(1500);
      const Instant cell = arrives + microseconds(100);
      while (answerer().lane().handshakes_out.front()) answerer().lane().handshakes_out.pop();
      answerer().lane().handshakes_in.push(recorded.front(), arrives);
      answerer().socket->set_time(cell);
      slot(initiator());
      come_to_it(answerer(), arrives, cell, told, looked, [&] { receive(answerer()); });
      const auto answer = take_handshake(answerer());
      ASSERT_FALSE(answer.empty());
      EXPECT_EQ(answer[4], static_cast<uint8_t>(wire::HandshakeType::response))
          << told.ns << ' ' << looked.ns;
    }
  }
}

}  // namespace
}  // namespace cuttle::testing
