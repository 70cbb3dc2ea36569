// Ranges of TCP or UDP ports.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cuttle {

struct PortRange {
  bool is_udp = false;  // otherwise TCP
  uint16_t first = 0;
  uint16_t last = 0;  // not below `first`

  auto operator<=>(const PortRange&) const = default;
  bool overlaps(const PortRange& other) const {
    return is_udp == other.is_udp && first <= other.last && other.first <= last;
  }

  // "6789", "6800-7300", "tcp 3300", "udp 500": TCP unless it says otherwise; 1 to 65535.
  static std::optional<PortRange> parse(std::string_view text);
  // "tcp 6789" or "udp 6800-7300".
  std::string to_string() const;
};

}  // namespace cuttle
