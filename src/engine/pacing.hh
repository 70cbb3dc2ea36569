// What every driver's pacer does for a release of one lane, in two halves, with the driver's waits before and
// between them: it wakes up, the train is sealed, and where the thread keeps time that waits for its
// deadline. Nothing here depends on payload.
#pragma once

#include <optional>

#include "base/time.hh"
#include "engine/lane.hh"

namespace cuttle {

// Whether a queue keeps time for this lane now.
bool goes_by_queue(const Lane& lane);

// When the pacer wakes up for the lane's next slot, and for which kind of it: the train goes into the queue
// that keeps time, or the thread releases it.
struct SlotWake {
  Instant at;
  bool by_queue;
  bool follows = false;  // no wake-up: another cell of the same slot was handed over just now
};
SlotWake wake_for(const Lane& lane);
// What goes on without another wake-up behind the slot of `wake`, at `now`: scattered cells, of which a queue
// that reads instants gets all of a slot at once. Nothing: the pacer is through with this wake-up.
std::optional<SlotWake> follow_up(const Lane& lane, const SlotWake& wake, Instant now);

struct BegunSlot {
  Train train;  // valid until the lane's next slot
  SlotWake wake;
  Instant began;
};

// The first half, `now` that the pacer is awake: takes in what the handshakes' thread has for this lane, and
// seals. `loss_65536ths`: what the lane's receiver lost, for the peer.
BegunSlot begin_slot(Lane& lane, const SlotWake& wake, uint16_t loss_65536ths, Instant now);
// Sealing took until `now`. Returns how long the train waits: until its deadline, or not at all where a queue
// keeps time.
Instant handle_sealed(Lane& lane, const BegunSlot& slot, Instant now);
// The second half: sends the train `now`, or hands it over to the queue.
void end_slot(Lane& lane, const BegunSlot& slot, Instant now);

// Both, on a thread, for all of one wake-up; the clock has now() and poll_until().
template <typename Clock>
void run_slot(Lane& lane, const SlotWake& wake, uint16_t loss_65536ths, const Clock& clock) {
  for (std::optional<SlotWake> next = wake; next; next = follow_up(lane, *next, clock.now())) {
    const BegunSlot slot = begin_slot(lane, *next, loss_65536ths, clock.now());
    clock.poll_until(handle_sealed(lane, slot, clock.now()));
    end_slot(lane, slot, clock.now());
  }
}

}  // namespace cuttle
