// Ends that are far apart, or send so rarely that a handshake waits long for its slots: answers that take
// longer than a retry.
#include "association_fixture.hh"
#include "link/association.hh"

namespace cuttle {
namespace {

using testing::AssociationTest;
using testing::End;

// In each of its slots an end sends one datagram, a handshake that is due or a cell, and the wire takes its
// time with it.
class FarApart : public AssociationTest {
 protected:
  static constexpr Duration kStep = milliseconds(10);

  struct OnTheWay {
    Instant arrives;
    std::vector<uint8_t> handshake;  // or a cell
    Spi spi;
  };
  struct Side {
    End& end;
    Duration slot;
    std::deque<std::pair<Instant, std::vector<uint8_t>>> waiting = {};
    std::deque<OnTheWay> sent = {};
  };

  void send(Side& side) {
    for (; !side.end.out.empty(); side.end.out.pop_front()) {
      side.waiting.emplace_back(side.end.due, side.end.out.front());
    }
    if (now.ns % side.slot.ns != 0) return;
    if (!side.waiting.empty() && side.waiting.front().first <= now) {
      const bool lost = &side.end == responder.get() && answers_to_lose > 0 && answers_to_lose-- > 0;
      if (!lost) side.sent.push_back({now + one_way, side.waiting.front().second, {}});
      side.waiting.pop_front();
    } else if (!side.end.sends.empty() && side.end.sends.back().from <= now) {
      side.sent.push_back({now + one_way, {}, side.end.sends.back().first_spi});
    }
  }
  void arrive(Side& from, End& at) const {
    for (; !from.sent.empty() && from.sent.front().arrives <= now; from.sent.pop_front()) {
      const OnTheWay& datagram = from.sent.front();
      if (!datagram.handshake.empty()) at.handle(now, datagram.handshake);
      for (const InstallReceive& receive : at.receives) {
        if (!datagram.handshake.empty() || receive.first_spi != datagram.spi) continue;
        at.last_authentic = now;
        at.first_cell(now, receive.session);
        break;
      }
    }
  }
  // Whether cells went both ways, and the same keys held out, `within` this time and twice as long.
  bool comes_up(Duration slot_of_initiator, Duration slot_of_responder, Duration within) {
    slot_ns = static_cast<uint64_t>(slot_of_initiator.ns);
    initiator = make_initiator(11);
    slot_ns = static_cast<uint64_t>(slot_of_responder.ns);
    responder = make_responder(12);
    Side a{*initiator, slot_of_initiator};
    Side b{*responder, slot_of_responder};
    const Instant start = now;
    Instant worked = start + within * 2;
    for (; now < start + within * 2; advance(kStep)) {
      if (now.ns % kTick.ns == 0) tick();
      send(a);
      send(b);
      arrive(a, *responder);
      arrive(b, *initiator);
      if (initiator->last_authentic > start && responder->last_authentic > start) {
        worked = std::min(worked, now);
      }
    }
    return worked < start + within && initiator->association.counters().sessions.value() <= 2;
  }

  Duration one_way = milliseconds(10);
  int answers_to_lose = 0;
};

TEST_F(FarApart, AnAnswerMayTakeLongerThanARetry) {
  for (const int64_t delay_ms : {100, 180, 200, 250, 400, 700}) {
    one_way = milliseconds(delay_ms);
    EXPECT_TRUE(comes_up(kStep, kStep, seconds(4))) << delay_ms;
  }
}

TEST_F(FarApart, TheLongestSlots) {
  EXPECT_TRUE(comes_up(kLongestSlot, kLongestSlot, seconds(8)));
  one_way = milliseconds(400);
  EXPECT_TRUE(comes_up(kLongestSlot, kLongestSlot, seconds(8)));
}

TEST_F(FarApart, OneEndAloneHasTheLongestSlots) {
  EXPECT_TRUE(comes_up(kLongestSlot, kStep, seconds(6)));
  EXPECT_TRUE(comes_up(kStep, kLongestSlot, seconds(6)));
}

// As long as the initiator does not know the peer's slots it asks too often. Answers must not queue behind
// answers, or from then on each is out of date.
TEST_F(FarApart, ASlowAnswererWhoseFirstAnswersGetLost) {
  for (const int lost : {1, 2, 3, 5}) {
    answers_to_lose = lost;
    EXPECT_TRUE(comes_up(kStep, kLongestSlot, seconds(6 + 2 * lost))) << lost;
  }
}

}  // namespace
}  // namespace cuttle
