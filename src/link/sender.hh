// Stages 2 and 3 of the sending side: seal, and release at the deadline. In each slot exactly n cells are
// sealed: payloads where the ring has them, dummies where it has not; the work is the same. The driver asks
// for the slot's train before the deadline, waits, sends it in one go, and says when that was.
//
// A handshake cell takes the place of one of the n. Without a session nothing else is sent.
//
// One thread (the pacer's). Nothing is allocated after construction but what replaced keys free.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/counter.hh"
#include "base/ids.hh"
#include "crypto/aead.hh"
#include "link/schedule.hh"
#include "link/slot_ring.hh"
#include "link/slot_steps.hh"

namespace cuttle {

// n cells of one size, one behind the other.
struct Train {
  const uint8_t* cells;
  size_t count;
  size_t cell_bytes;
  size_t payloads = 0;  // cells with something in them

  Bytes cell(size_t i) const { return {cells + i * cell_bytes, cell_bytes}; }
};

// A lane's key for sealing and the time in which it may be used.
struct SendKey {
  std::unique_ptr<Aead> aead;
  Spi spi;
  Instant from;
  Instant until;
  uint32_t sequence = 0;  // of the last cell that was sealed with it; of a new one, none
};

// Another of the lane's plans, from the first slot on that does not begin before `at`. The lane gets a place
// among others for it in the first slot that does not begin before `place_at`.
struct ChangeStep {
  uint32_t step = 0;  // of its SlotSteps
  Instant at;
  Instant place_at;
  bool operator==(const ChangeStep&) const = default;
};

// Draws under another key, in the first slot that nobody has drawn when a release is due that is not before
// `from`.
struct ChangeDraws {
  DrawKey key;
  Instant from{INT64_MIN};
};

struct SenderCounters {
  Counter cells;            // released, dummies and handshakes included
  Counter cells_dummy;      // of those
  Counter handshakes;       // of those
  Counter pauses;           // times at which the pacer came so late that the next release was due as well
  Counter slots_caught_up;  // releases that came after the next one was due
  Counter slots_missed;     // releases left out, in a pause too long to be caught up
  Counter sealed_late_payloads;  // trains ready only after their deadline, with payloads in them
  Counter sealed_late_dummies;   // and without
  Counter queue_empty;           // handed to the queue that keeps time only after their deadline
  Counter slots_late;            // released, but later than kLate after the deadline
  Counter datagrams_refused;     // not taken by the socket
  Histogram lateness;            // release minus deadline
};

class LaneSender {
 public:
  // A release this long after its deadline counts as late.
  static constexpr Duration kLate = microseconds(100);

  LaneSender(SlotRing& ring, SlotSteps steps, Instant epoch, Draws draws);

  // --- the slot
  // The thread that will keep time begins: slots that passed before are not its fault, and not counted.
  void handle_start(Instant now) { schedule_.skip_missed(now); }
  // Before that: slot 0 began, or will begin, at another time than was said at first.
  void handle_epoch(Instant epoch) { schedule_.handle_epoch(epoch); }
  Instant epoch() const { return schedule_.epoch(); }
  // Its releases take turns with those of other lanes from then on (schedule.hh).
  void handle_turns(TurnSequence& sequence, TurnSequence::Place place, Instant from = {INT64_MIN}) {
    schedule_.handle_turns(sequence, place, from);
  }
  Instant slot_start() const { return schedule_.slot_start(); }
  Instant first_start_from(Instant at) const { return schedule_.first_start_from(at); }
  // Where that release has gone, a whole number of kAgain later.
  void handle_draws(ChangeDraws change);
  uint32_t draw_keys() const { return draw_keys_; }  // so many so far
  Draws fork_draws() { return schedule_.fork_draws(); }
  Instant deadline() const { return schedule_.deadline(); }
  Instant drawn() const { return schedule_.drawn(); }
  // The current release belongs to the slot of the one before it, and no pause is being caught up.
  bool is_inside_slot() const { return !schedule_.is_at_slot_start() && !schedule_.is_behind(); }
  // The train of the current slot; count is 0 when there is neither a session nor a handshake to send. Valid
  // until the next call. To be called once a slot.
  Train poll_train();
  // The train left (or was refused) at `now`: on to the next slot.
  void handle_released(Instant now);

  // --- from the control side (same thread; drivers pass these through a ring)
  // Takes effect in the first slot whose deadline is not before key.from. One key can wait; a newer one
  // replaces it. Where that slot has gone, what brings the key was late, by an amount that must not show:
  // then in the first that is not before key.from and a whole number of kAgain. So with handshakes.
  void handle_key(SendKey key);
  // A whole cell, copied, for the first slot whose deadline is not before `due` (Association::datagram_due;
  // without one, the next). They leave in the order in which they came. False when too many wait.
  bool handle_handshake(Bytes cell, Instant due = {INT64_MIN});
  // Another plan. One can wait; a newer one replaces it.
  void handle_change(ChangeStep change);
  // The session is over, with the key that waits, from the first slot on whose deadline is not before `from`,
  // or, where that has gone, a whole number of kAgain later; without an instant, at once. Then nothing but
  // handshakes until the next key, which must not be from an earlier instant.
  void handle_stop(Instant from = {INT64_MIN});
  // What dummies report to the peer (wire/pad.hh).
  void set_loss_report(uint16_t loss_65536ths) { loss_report_ = loss_65536ths; }
  // Keys that are no longer used, to be freed elsewhere.
  std::unique_ptr<Aead> poll_retired();

  // --- a change of plan, for whoever knows the other lanes (engine/paced_lanes.hh)
  const std::optional<ChangeStep>& coming_change() const { return coming_change_; }
  // The current slot, of which nothing was released, does not begin before that.
  bool has_reached(Instant at) const { return schedule_.is_at_slot_start() && slot_start() >= at; }
  // The coming plan is the current one now, in slots counted from `epoch`, of which the first is one that
  // does not begin before `from`. Where it is the current one already, nothing happens.
  void handle_changed(Instant epoch, Instant from);
  // The same slots from another beginning; before a release of theirs.
  void handle_epoch_from(Instant epoch, Instant from) { schedule_.handle_plan(plan(), epoch, from); }

  bool has_session() const { return current_.has_value(); }
  const SenderCounters& counters() const { return counters_; }
  SenderCounters& counters() { return counters_; }
  // Any thread.
  const SlotSteps& steps() const { return steps_; }
  uint32_t step() const { return step_.load(std::memory_order_relaxed); }
  const SlotPlan& plan() const { return steps_.plans[step()]; }
  size_t cell_bytes() const { return cell_bytes_; }

  static constexpr Duration kAgain = milliseconds(100);

 private:
  static constexpr size_t kMaxHandshakes = 4;

  Instant not_gone(Instant due) const;
  void turn_keys();
  Instant end_of_current() const;  // while another key waits
  size_t cells_until(Instant end) const;
  void turn_draws();
  void stop();
  bool poll_handshake(uint8_t* cell);
  void retire(std::optional<SendKey>& key);
  void seal(const uint8_t* payload, uint8_t* cell);

  SlotRing& ring_;
  const SlotSteps steps_;
  std::atomic<uint32_t> step_;
  std::optional<ChangeStep> coming_change_;
  Schedule schedule_;
  size_t cell_bytes_;
  std::optional<SendKey> current_;
  std::optional<SendKey> coming_;
  std::optional<Instant> stop_at_;  // of the keys that there were then
  bool coming_stops_ = false;       // the one that waits is one of them
  std::optional<ChangeDraws> coming_draws_;
  uint32_t draw_keys_ = 0;
  Instant polled_{INT64_MIN};  // the deadline of the latest train
  uint32_t sequence_ = 0;
  uint16_t loss_report_ = 0;
  std::unique_ptr<uint8_t[]> train_;
  std::unique_ptr<uint8_t[]> dummy_;
  std::unique_ptr<uint8_t[]> handshakes_;
  std::array<Instant, kMaxHandshakes> handshakes_due_{};
  size_t handshakes_waiting_ = 0;
  std::vector<std::unique_ptr<Aead>> retired_;
  bool behind_ = false;  // a pause is being caught up
  SenderCounters counters_;
};

}  // namespace cuttle
