#include "link/answer_mac.hh"

#include <algorithm>

#include "link/pair_key.hh"
#include "wire/handshake.hh"

namespace cuttle {

AnswerMac::AnswerMac(const PrivateKey& own, const PublicKey& peer, const PresharedKey& preshared)
    : mac_(pair_key("cuttle answer", own, peer, preshared)) {}

bool AnswerMac::verify(Bytes cell) noexcept {
  return mac_.verify(wire::mac_covered(cell), wire::mac2_of(cell));
}

void AnswerMac::store(MutableBytes cell) noexcept {
  const Blake2sTag tag = mac_.compute(wire::mac_covered(cell));
  std::copy(tag.begin(), tag.end(), cell.end() - wire::kMacBytes);
}

}  // namespace cuttle
