// mac2 of an answer (a response or a cookie): what only the peer can make. Whoever hears what a node asks can
// forge answers with the right index and mac1, and each costs who reads it two key agreements; so answers
// with a good mac2 are counted apart, and a flood of others does not crowd them out. A response's is made
// over mac1 of the initiation as well, so one that was recorded answers nothing that is asked later, whatever
// its index. A node of before sends zeros, or leaves that out; it is heard as long as there is no such flood.
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

  // Precondition of both: a whole cell. `asked`: mac1 of the initiation that a response answers; nothing for
  // a cookie, which is of use whatever it answers.
  [[nodiscard]] bool verify(Bytes cell, Bytes asked = {}) noexcept;
  void store(MutableBytes cell, Bytes asked = {}) noexcept;

 private:
  Blake2sMac mac_;
};

}  // namespace cuttle
