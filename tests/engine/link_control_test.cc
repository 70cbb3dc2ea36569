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
    answerer().control.handle_handshakes(arrived + late, 1);
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
    a->control.handle_handshakes(now, static_cast<uint64_t>(now.ns));
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

}  // namespace
}  // namespace cuttle::testing
