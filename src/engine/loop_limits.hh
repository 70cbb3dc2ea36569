// What loops of every driver keep to, those of the simulation among them.
#pragma once

#include "base/time.hh"

namespace cuttle {

// Packets taken from one TUN, or trains from one socket, before the others have their turn.
inline constexpr int kMaxPerTurn = 64;
// A pacer without a lane looks this often whether one has joined.
inline constexpr Duration kPacerIdleInterval = milliseconds(20);
// Falling asleep and waking up takes about so long, so a shorter wait for the next lane of a group is polled.
// A group takes a small share of its slot (slot_groups.hh), so that leaves others the rest.
inline constexpr Duration kMinSleep = microseconds(15);
// The handshakes' thread looks after links when they say that they are due. What cannot say so is looked at
// this often: clocks of a machine that may have been restored, threads, replaced keys.
inline constexpr Duration kHandshakeInterval = milliseconds(100);
// Who waits until a loop has taken lanes over, or let them go, asks this often.
inline constexpr Duration kHandoverInterval = microseconds(200);

}  // namespace cuttle
