// Strong types for what is counted and named, so that one cannot be passed for another.
#pragma once

#include <compare>
#include <cstdint>

namespace cuttle {

// Security parameters index (RFC 4303, section 2.1): chosen by the receiver of the cells, never 0 (RFC 3948's
// marker) and never 1 to 255 (reserved).
struct Spi {
  uint32_t value = 0;
  constexpr auto operator<=>(const Spi&) const = default;
  static constexpr uint32_t kFirstUsable = 256;
};

// ESP sequence number (RFC 4303, section 2.2): 1 for the first cell of a session, never wraps.
struct Sequence {
  uint32_t value = 0;
  constexpr auto operator<=>(const Sequence&) const = default;
};

}  // namespace cuttle
