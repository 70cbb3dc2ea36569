#include "crypto/key_schedule.hh"

#include <algorithm>
#include <string_view>

#include "crypto/hkdf.hh"

namespace cuttle {

AeadKey derive_cell_key(const Secret<32>& secret, uint8_t lane) {
  constexpr std::string_view kLabel = "cuttle lane";
  std::array<uint8_t, kLabel.size() + 1> info;
  std::copy(kLabel.begin(), kLabel.end(), info.begin());
  info.back() = lane;
  AeadKey key;
  hkdf_expand(secret, info, key.bytes);
  return key;
}

AeadKey derive_relay_key(const Secret<32>& secret) {
  constexpr std::string_view kLabel = "cuttle relay";
  AeadKey key;
  hkdf_expand(secret, {reinterpret_cast<const uint8_t*>(kLabel.data()), kLabel.size()}, key.bytes);
  return key;
}

}  // namespace cuttle
