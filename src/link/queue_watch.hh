// Whether a queue passes things when its clock (queue_clock.hh) believes it does. What the two know of each
// other can part: a carrier that goes away, or an interface set down and up, empties the queue and fills its
// bucket, and then pauses pass at once; a route of somebody's can lead past the queue, and then none pass.
//
// Some pauses say when they are due, and whoever lets them pass counts how they came (io/clock_program.hh).
// One that passes early proves that the bucket holds more than was thought: the queue was reset. None at all
// for a while: it is no way out. A queue that was reset keeps time again when enough of them have passed and
// none was early; how late the least late of these was is by how much the clock has to be set. Later than a
// whole bucket's depth, it is a clock of another world, and the queue no way out.
//
// One thread. No clock: `now` is a parameter.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/time.hh"
#include "link/queue_clock.hh"

namespace cuttle {

// Of pauses that said when they were due, since the queue was set up.
struct QueueCounts {
  uint64_t passed = 0;
  uint64_t early = 0;    // of these, by more than kEarly
  Duration last_late{};  // of the one that passed last; negative: early
};

class QueueWatch {
 public:
  // A queue never lets a pause pass early; so much is left to what a correction by kSlack gets wrong.
  static constexpr Duration kEarly = microseconds(64);
  // After a full bucket nothing is believed until it must have emptied.
  static constexpr Duration kSettling = QueueClock::kDepth * 2;
  // So many have to pass, for so long, before a queue is known to keep time.
  static constexpr uint64_t kProof = 32;
  static constexpr Duration kProofLasts = milliseconds(100);
  // None of kProof has passed for so long: they do not come through.
  static constexpr Duration kStalled = milliseconds(300);
  // A constant delay up to the first is left alone; of a longer one, the second is left.
  static constexpr Duration kMaxDelay = microseconds(500);
  static constexpr Duration kSlack = microseconds(300);

  enum class State : uint8_t { in_step, settling, stalled };
  State state() const { return state_; }

  // The queue is a new one, or tried again. `state`: what is claimed until it is known.
  void handle_fresh(Instant now, State state) {
    state_ = state;
    prove_from(now + kSettling);
  }
  // Before something is put in. True: the queue was reset, its bucket was full just now.
  bool handle_counts(Instant now, const QueueCounts& counts) {
    const QueueCounts before = std::exchange(seen_, counts);
    if (now <= proves_from_) return false;  // what was put in before that says nothing
    if (!std::exchange(has_base_, true)) return false;
    if (counts.early > before.early) {
      handle_fresh(now, State::settling);
      return true;
    }
    if (counts.passed != before.passed) {
      stamped_ = 0;
      if (is_proving_) prove(now, counts, counts.passed - before.passed);
    } else if (stamped_ >= kProof && now - stamped_since_ > kStalled) {
      state_ = State::stalled;
    }
    return false;
  }
  // Whether a pause that is put in should say when it is due. Then: it did.
  bool wants_stamps(Instant now) const { return now > proves_from_ && has_base_; }
  void handle_stamped(Instant now) {
    if (stamped_++ == 0) stamped_since_ = now;
  }
  // By how much the clock believes to be earlier than the queue is; said once.
  Duration poll_delay() { return std::exchange(delay_, Duration{}); }

 private:
  void prove_from(Instant from) {
    proves_from_ = from;
    is_proving_ = true;
    has_base_ = false;
    passed_ = stamped_ = 0;
    min_late_ = Duration{INT64_MAX};
  }
  void prove(Instant now, const QueueCounts& counts, uint64_t passed) {
    passed_ += passed;
    min_late_ = std::min(min_late_, counts.last_late);
    if (passed_ < kProof || now - proves_from_ < kProofLasts) return;
    // Nothing waits in a bucket for so long: whoever stamps them and whoever lets them pass have other
    // clocks.
    if (min_late_ > QueueClock::kDepth) {
      state_ = State::stalled;
      prove_from(now);
      return;
    }
    if (min_late_ > kMaxDelay) {
      delay_ = min_late_ - kSlack;
      prove_from(now + delay_ * 2 + kProofLasts);  // it is made up for at twice the rate
      return;
    }
    is_proving_ = false;
    state_ = State::in_step;
  }

  State state_ = State::in_step;
  QueueCounts seen_;
  Instant proves_from_{INT64_MAX};
  bool is_proving_ = true;
  bool has_base_ = false;  // counts were seen since then
  uint64_t passed_ = 0;    // since then
  Duration min_late_{};
  uint64_t stamped_ = 0;  // since one passed
  Instant stamped_since_{};
  Duration delay_{};
};

}  // namespace cuttle
