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
// Takes in what the control thread has for this lane. `loss_65536ths`: what the lane's receiver lost, for the
// peer.
void drain_for_pacer(Lane& lane, uint16_t loss_65536ths);
// The train was sealed from `began` to `now`, where the pacer releases it.
void handle_sealed(Lane& lane, const Train& train, Instant began, Instant now);
// Sends the train; `now` is when. Where a queue keeps time, hands it over ahead of its deadline instead;
// `woke_late`: how late the pacer was for that.
void release(Lane& lane, const Train& train, Instant now);
void hand_over(Lane& lane, const Train& train, Instant now, Duration woke_late);

}  // namespace cuttle
