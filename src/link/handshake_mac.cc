#include "link/handshake_mac.hh"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "wire/handshake.hh"

namespace cuttle {

namespace {

constexpr std::string_view kLabel = "cuttle mac1";

Blake2sMac mac_for(const PublicKey& receiver) {
  const Bytes label(reinterpret_cast<const uint8_t*>(kLabel.data()), kLabel.size());
  return Blake2sMac(Secret<32>(blake2s({label, receiver.bytes})));
}

bool all_zero(Bytes bytes) noexcept {
  // Each equals the one before it, and the first is zero.
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

HandshakeMac::HandshakeMac(const PublicKey& receiver) : mac_(mac_for(receiver)) {}

bool HandshakeMac::verify(Bytes cell) noexcept {
  return all_zero(wire::rest_of_handshake(cell)) && mac_.verify(wire::mac_covered(cell), wire::mac1_of(cell));
}

void HandshakeMac::store(MutableBytes cell) noexcept {
  const Blake2sTag tag = mac_.compute(wire::mac_covered(cell));
  std::copy(tag.begin(), tag.end(), cell.end() - wire::kMacsBytes);
}

}  // namespace cuttle
