// mac1: what an unknown source's handshake datagram fails, at the cost of one short MAC. Its key follows from
// the public key of whom the message is for, so it proves that the sender knows that key, and nothing else.
//
// One thread at a time; allocates nothing after construction.
#pragma once

#include "base/bytes.hh"
#include "crypto/blake2s.hh"
#include "crypto/keys.hh"

namespace cuttle {

class HandshakeMac {
 public:
  // Of messages to the owner of that key.
  explicit HandshakeMac(const PublicKey& receiver);

  // Whether the first bytes have the right mac1 and only zeros follow them. Precondition: a whole cell.
  [[nodiscard]] bool verify(Bytes cell) noexcept;
  // Writes mac1 into a cell that is complete but for its MACs.
  void store(MutableBytes cell) noexcept;

 private:
  Blake2sMac mac_;
};

}  // namespace cuttle
