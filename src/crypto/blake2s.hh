// BLAKE2s (RFC 7693): the hash of the handshake, and as a keyed hash the 16-byte MAC that unknown sources
// fail.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "base/bytes.hh"
#include "crypto/secret.hh"

namespace cuttle {

inline constexpr size_t kBlake2sSize = 32;
inline constexpr size_t kBlake2sMacSize = 16;

using Blake2sHash = std::array<uint8_t, kBlake2sSize>;
using Blake2sTag = std::array<uint8_t, kBlake2sMacSize>;

// The hash of the parts, one after the other.
Blake2sHash blake2s(std::initializer_list<Bytes> parts);

// Keyed BLAKE2s with a 32-byte key and a 16-byte result (RFC 7693, section 2.9). Used by one thread at a
// time; allocates nothing after construction, so that checking what an unknown source sent costs no memory.
// Wipes its key.
class Blake2sMac {
 public:
  explicit Blake2sMac(const Secret<32>& key);
  ~Blake2sMac();
  Blake2sMac(Blake2sMac&&) noexcept;
  Blake2sMac& operator=(Blake2sMac&&) noexcept;

  Blake2sTag compute(Bytes message) noexcept;
  // In constant time; false for a tag of another size than 16 bytes.
  [[nodiscard]] bool verify(Bytes message, Bytes tag) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cuttle
