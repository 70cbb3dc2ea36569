// Memory that holds secrets: wiped when it dies, compared in constant time, never printed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.hh"

namespace cuttle {

// Overwrites with zeros, in a way the compiler may not leave out.
void wipe(void* memory, size_t size) noexcept;

// Whether `size` bytes are equal; how long it takes depends on `size` alone.
bool equal_in_constant_time(const void* a, const void* b, size_t size) noexcept;

// `size` bytes, all zero to begin with. Every copy wipes itself, so copies are allowed.
template <size_t size>
class Secret {
 public:
  static constexpr size_t kSize = size;

  Secret() = default;
  explicit Secret(std::span<const uint8_t, size> bytes) { std::copy_n(bytes.data(), size, bytes_.data()); }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { wipe(bytes_.data(), size); }

  uint8_t* data() { return bytes_.data(); }
  const uint8_t* data() const { return bytes_.data(); }
  std::span<const uint8_t, size> bytes() const { return bytes_; }
  std::span<uint8_t, size> bytes() { return bytes_; }

  bool operator==(const Secret& other) const {
    return equal_in_constant_time(bytes_.data(), other.bytes_.data(), size);
  }

 private:
  std::array<uint8_t, size> bytes_{};
};

}  // namespace cuttle
