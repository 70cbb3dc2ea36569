// mac2 of an answer (a response or a cookie): what only the peer can make. Whoever hears what a node asks can
// forge answers with the right index and mac1, and each costs who reads it two key agreements; so answers
// with a good mac2 are counted apart, and a flood of others does not crowd them out. A node of before it was
// introduced sends zeros, and is heard as long as there is no such flood.
//
// One thread at a time.
#pragma once

#include "base/bytes.hh"
#include "crypto/blake2s.hh"
#include "crypto/keys.hh"

namespace cuttle {

class AnswerMac {
 public:
  AnswerMac(const PrivateKey& own, const PublicKey& peer, const PresharedKey& preshared);

  // Precondition of both: a whole cell.
  [[nodiscard]] bool verify(Bytes cell) noexcept;
  void store(MutableBytes cell) noexcept;

 private:
  Blake2sMac mac_;
};

}  // namespace cuttle
