#include "link/answer_mac.hh"

#include <algorithm>
#include <array>

#include "base/check.hh"
#include "link/pair_key.hh"
#include "wire/handshake.hh"

namespace cuttle {

namespace {

// What it is made over, one after the other.
class Covered {
 public:
  Covered(Bytes cell, Bytes asked) : size_(wire::kMacCoveredBytes + asked.size()) {
    CUTTLE_CHECK(asked.size() <= wire::kMacBytes, "a mac1, or nothing");
    const Bytes covered = wire::mac_covered(cell);
    std::copy(asked.begin(), asked.end(), std::copy(covered.begin(), covered.end(), bytes_.begin()));
  }
  Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  std::array<uint8_t, wire::kMacCoveredBytes + wire::kMacBytes> bytes_;
  size_t size_;
};

}  // namespace

AnswerMac::AnswerMac(const PrivateKey& own, const PublicKey& peer, const PresharedKey& preshared)
    : mac_(pair_key("cuttle answer", own, peer, preshared)) {}

bool AnswerMac::verify(Bytes cell, Bytes asked) noexcept {
  return mac_.verify(Covered(cell, asked).bytes(), wire::mac2_of(cell));
}

void AnswerMac::store(MutableBytes cell, Bytes asked) noexcept {
  const Blake2sTag tag = mac_.compute(Covered(cell, asked).bytes());
  std::copy(tag.begin(), tag.end(), cell.end() - wire::kMacBytes);
}

}  // namespace cuttle
