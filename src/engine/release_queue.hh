// Stage 3 where a queue keeps time: trains of all lanes of one pacer that leave by one device are handed to
// its clock device ahead of their instants, in the order of these, with a pause before each
// (link/queue_clock.hh). Or a queue reads from each train when to let it go (instant_rules.hh): then there
// are no pauses, and trains need no order.
//
// One pacer's. Allocates nothing.
#pragma once

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/counter.hh"
#include "engine/lane.hh"
#include "engine/queue_device.hh"
#include "link/lead.hh"
#include "link/queue_clock.hh"
#include "link/queue_watch.hh"

namespace cuttle {

class ReleaseQueue {
 public:
  // The device outlives it. `table`: what its queue charges for pauses.
  ReleaseQueue(const QueueDevice& device, PauseTable table, std::optional<Duration> lead)
      : device_(device), clock_(std::in_place, std::move(table)), lead_(lead ? Lead(*lead) : Lead()) {}
  // That reads instants. A lead that follows the host's lateness begins where its notice ends.
  ReleaseQueue(const QueueDevice& device, const InstantRules& rules, std::optional<Duration> lead)
      : device_(device),
        rules_(rules),
        lead_(lead ? Lead(*lead) : Lead()),
        least_lead_(lead ? Duration{} : rules.notice()) {}

  const QueueDevice& device() const { return device_; }
  bool reads_instants() const { return !clock_; }
  const InstantRules& rules() const { return rules_; }

  // Pacer's thread.
  Duration lead() const { return lead_.now() + least_lead_; }
  void handle_wake_up(Duration late, Duration work) {
    lead_.handle_wake_up(late, work);
    shown_lead_ns_.store(lead().ns, std::memory_order_relaxed);
  }
  // When what is due at `instant` leaves, handed over now: too late for that, as soon as can be.
  Instant leaves_at(Instant instant, Instant now) const { return std::max(instant, now + rules_.notice()); }
  // Puts in the pause up to `instant` and then the train. Returns how many of its cells the kernel took.
  size_t hand_over(Lane& lane, const Train& train, Instant instant, Instant now);
  // After everything that was sent, whoever released it: what the queue dropped of that lane's leaves after
  // all, late. Then the pacer releases by itself until the next look.
  void send_dropped_again(Lane& lane);

  // What a look at the device found: it is as it was, was set up anew, or is no way out.
  enum class Look { as_before, anew, gone };
  // Control thread. Gone: the queue is off, until it is there again.
  void handle_look(Look look);
  // Control thread: so many packets it has dropped since the start, of those that read instants.
  void handle_dropped(uint64_t packets) { dropped_.store(packets, std::memory_order_relaxed); }
  // Control thread: whether it was given cells since this was last asked, and the kernel took none of them.
  bool takes_nothing();

  // --- Any thread.

  // Off: the pacer releases by itself, until it is on again.
  bool is_on() const { return on_.load(std::memory_order_relaxed) && step() != QueueWatch::State::stalled; }
  // What is known of whether it keeps time.
  QueueWatch::State step() const { return step_.load(std::memory_order_relaxed); }
  // How often it was reset, or found to let nothing through.
  uint64_t resets() const { return resets_.value(); }
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  // Of these, the lanes' own that were sent again.
  uint64_t sent_again() const { return sent_again_.value(); }
  Duration shown_lead() const { return {shown_lead_ns_.load(std::memory_order_relaxed)}; }

 private:
  size_t send(Lane& lane, const Train& train);
  size_t hand_over_with_instant(Lane& lane, const Train& train, Instant instant);
  void put_pauses(Lane& lane, Instant instant, Instant now);
  void watch(Instant now);
  void try_again();

  const QueueDevice& device_;
  std::optional<QueueClock> clock_;  // none: the queue reads instants
  InstantRules rules_;
  Lead lead_;
  Duration least_lead_{};
  QueueWatch watch_;
  Counter resets_;
  Counter sent_again_;
  std::atomic<QueueWatch::State> step_{QueueWatch::State::in_step};
  std::atomic<bool> on_{true};
  std::atomic<bool> is_fresh_{true};  // the device is new: its bucket is full
  std::atomic<int64_t> shown_lead_ns_{0};
  std::atomic<uint64_t> dropped_{0};
  // Cells; the control thread's are what there were when it last asked.
  Counter taken_;
  Counter refused_;
  uint64_t taken_before_ = 0;
  uint64_t refused_before_ = 0;
  // The control thread's: of a queue that lets nothing through.
  uint32_t looks_waited_ = 0;
  uint32_t looks_between_ = 0;  // two attempts
};

}  // namespace cuttle
