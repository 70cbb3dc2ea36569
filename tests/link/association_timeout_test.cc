// When an association says that it is next due: whoever calls it then, and not before, has the same
// handshakes at the same instants as whoever calls it all the time.
#include <map>
#include <sstream>
#include <string>

#include "association_fixture.hh"

namespace cuttle {
namespace {

using testing::AssociationTest;
using testing::End;

constexpr Duration kStep = milliseconds(10);

struct Record {
  std::vector<std::string> trace;
  size_t steps = 0;
  size_t calls = 0;
};

class AssociationTimeoutTest : public AssociationTest {
 protected:
  // Some hours of two nodes with messages and cells that get lost, the same in each run of one seed.
  Record run_world(uint64_t seed, bool only_when_due, Duration length = seconds(1500)) {
    initiator = make_initiator(11);
    responder = make_responder(12);
    now = Instant{5'000'000'000};
    wall_ns = 1'700'000'000'000'000'000;
    Random random(seed);
    Record run;
    std::deque<std::pair<End*, std::vector<uint8_t>>> under_way;
    Instant cut_until = now;
    for (const Instant end = now + length; now < end; advance(kStep), ++run.steps) {
      // Now and then the network is cut, for anything between a blink and longer than a session lives.
      if (random.chance(0.0001)) cut_until = now + milliseconds(10 << random.below(15));
      const bool cut = now < cut_until;
      for (End* of : {initiator.get(), responder.get()}) {
        End& end_of = *of;
        end_of.association.handle_heard(end_of.last_authentic, wall_ns);
        if (only_when_due && end_of.association.poll_timeout() > now) continue;
        ++run.calls;
        end_of.tick(now, wall_ns);
      }
      for (auto& [to, cell] : under_way) {
        if (!cut && !random.chance(0.1)) to->handle(now, cell);
      }
      under_way.clear();
      if (!cut) cells_flow();
      note(run, "i", *initiator);
      note(run, "r", *responder);
      for (; !initiator->out.empty(); initiator->out.pop_front()) {
        under_way.emplace_back(responder.get(), initiator->out.front());
      }
      for (; !responder->out.empty(); responder->out.pop_front()) {
        under_way.emplace_back(initiator.get(), responder->out.front());
      }
    }
    return run;
  }

  void note(Record& run, const std::string& who, const End& end) const {
    std::ostringstream line;
    line << who << " sends " << end.sends.size() << " forgets " << end.forgets.size() << " forgotten "
         << end.forgotten.size() << " receives " << end.receives.size() << " ended " << end.ended;
    for (const auto& cell : end.out) {
      line << " cell " << int{cell[8]} << '.' << int{cell[9]} << '.' << int{cell[40]} << " due "
           << end.due.ns;
    }
    std::string& last = last_[who];
    if (line.str() == last && end.out.empty()) return;
    last = line.str();
    run.trace.push_back(std::to_string(now.ns) + " " + last);
  }
  mutable std::map<std::string, std::string> last_;
};

TEST_F(AssociationTimeoutTest, NothingIsMissedBetweenWhatIsDue) {
  size_t handshakes = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    last_.clear();
    const Record always = run_world(seed, false);
    last_.clear();
    const Record due = run_world(seed, true);
    EXPECT_EQ(always.trace, due.trace) << "seed " << seed;
    EXPECT_LT(due.calls * 20, always.calls) << "seed " << seed;
    handshakes += initiator->sends.size();
  }
  EXPECT_GT(handshakes, 40U) << "the runs show something";
}

TEST_F(AssociationTimeoutTest, KeysThatNobodyConfirmedAreDue) {
  tick();
  EXPECT_EQ(responder->association.poll_timeout(), Instant::never());
  responder->handle(now, take(*initiator));
  EXPECT_EQ(responder->association.poll_timeout(), now + kUnconfirmedLife + kReaction);
}

// Else whoever waits for it would not sleep.
TEST_F(AssociationTimeoutTest, IsLaterThanWhatWasJustHandled) {
  for (int i = 0; i < 5'000; ++i, advance(milliseconds(37))) {
    tick();
    EXPECT_GT(initiator->association.poll_timeout(), now);
    EXPECT_GT(responder->association.poll_timeout(), now);
    if (i % 100 == 40) {
      while (!initiator->out.empty()) responder->handle(now, take(*initiator));
      while (!responder->out.empty()) initiator->handle(now, take(*responder));
    }
    if (i % 1000 < 700) cells_flow();
  }
}

TEST_F(AssociationTimeoutTest, ANewOneThatInitiatesIsDueAtOnce) {
  EXPECT_LE(initiator->association.poll_timeout(), now);
  EXPECT_EQ(responder->association.poll_timeout(), Instant::never());
}

}  // namespace
}  // namespace cuttle
