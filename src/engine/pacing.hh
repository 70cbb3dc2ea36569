// What every driver's pacer does in a slot of one lane, without the waiting in between. Nothing here depends
// on payload.
#pragma once

#include "base/time.hh"
#include "engine/lane.hh"

namespace cuttle {

// Whether a queue keeps time for this lane now.
bool goes_by_queue(const Lane& lane);
// How long before the deadline the pacer should wake up for the lane.
Duration wake_lead(const Lane& lane);
// Takes in what the handshakes' thread has for this lane. `loss_65536ths`: what the lane's receiver lost, for
// the peer.
void drain_for_pacer(Lane& lane, uint16_t loss_65536ths);
// The train was sealed from `began` to `now`, where the pacer releases it.
void handle_sealed(Lane& lane, const Train& train, Instant began, Instant now);
// Sends the train; `now` is when. Where a queue keeps time, hands it over ahead of its deadline instead;
// `woke_late`: how late the pacer was for that.
void release(Lane& lane, const Train& train, Instant now);
void hand_over(Lane& lane, const Train& train, Instant now, Duration woke_late);

// The two kinds of slot, from when the pacer has woken up for it; the clock has now() and poll_until().
// Where the thread keeps time: `deadline` was the lane's before it waited.
template <typename Clock>
void seal_and_release(Lane& lane, Instant deadline, uint16_t loss_65536ths, const Clock& clock) {
  drain_for_pacer(lane, loss_65536ths);
  const Instant began = clock.now();
  const Train train = lane.sender.poll_train();
  handle_sealed(lane, train, began, clock.now());
  clock.poll_until(deadline);
  release(lane, train, clock.now());
}
// Where a queue does.
template <typename Clock>
void seal_and_hand_over(Lane& lane, Duration woke_late, uint16_t loss_65536ths, const Clock& clock) {
  drain_for_pacer(lane, loss_65536ths);
  const Train train = lane.sender.poll_train();
  hand_over(lane, train, clock.now(), woke_late);
}

}  // namespace cuttle
