// What a lane carries of a ladder's messages (wire/ladder_message.hh), between the handshakes' thread and
// those of the lane. Only the first lane of a link that follows a ladder sends any; each takes them in.
#pragma once

#include "base/counter.hh"
#include "base/ring.hh"
#include "wire/ladder_message.hh"

namespace cuttle {

struct LadderPost {
  // More than a peer that keeps to it says in a round of the handshakes' thread.
  static constexpr size_t kWaiting = 16;

  Ring<wire::LadderMessage> out{kWaiting};  // handshakes' thread to packer
  Ring<wire::LadderMessage> in{kWaiting};   // receiver to handshakes' thread
  // Written by the receiver's thread.
  Counter malformed;
  Counter lost;  // that found the ring full
};

}  // namespace cuttle
