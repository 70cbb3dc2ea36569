// Stages 4 to 8 for one lane, without the waiting: what every driver's receiver does when a lane's socket has
// something to read. On the lane's receiving thread.
#pragma once

#include "base/bytes.hh"
#include "engine/lane.hh"

namespace cuttle {

// The longest train that GRO hands over.
inline constexpr size_t kReceiveBufferBytes = 65536;

// Takes in what the handshakes' thread has for this lane's receiver.
void drain_for_receiver(Lane& lane);

struct TrainReceived {
  bool more = false;  // may wait: this was less than a slot's cells, so the kernel hands them over in pieces
  bool for_handshakes = false;  // something in it is for the handshakes' thread: wake it
  bool for_packer = false;      // the same, of the packer's: packets that it is to pass on
};

// A whole packet of the peer's, to the TUN if it may be; else dropped and counted. It may be written to.
void deliver_to_host(Lane& lane, Bytes packet);

// One train from the lane's socket, through filter, AEAD, replay window and reassembly, and the packets in
// it, if their source is the peer's, to the TUN. `buffer` has kReceiveBufferBytes. Handshakes go to their
// thread.
TrainReceived receive_train(Lane& lane, MutableBytes buffer);

}  // namespace cuttle
