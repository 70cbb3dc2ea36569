// IP addresses, prefixes and UDP endpoints, IPv4 and IPv6 alike.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cuttle {

struct IpAddress {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes{};  // network order; an IPv4 address uses the first four, the rest are 0

  auto operator<=>(const IpAddress&) const = default;
  size_t size() const { return is_v6 ? 16 : 4; }

  // Numeric text only, never a name to look up.
  static std::optional<IpAddress> parse(std::string_view text);
  std::string text() const;
};

// All addresses whose first `length` bits are those of `address`.
struct IpPrefix {
  IpAddress address;
  uint8_t length = 0;

  auto operator<=>(const IpPrefix&) const = default;
  bool contains(const IpAddress& other) const;
  bool overlaps(const IpPrefix& other) const;

  // "10.0.0.1" (a host) or "10.0.0.0/24"; bits set beyond the length are an error.
  static std::optional<IpPrefix> parse(std::string_view text);
  std::string text() const;
};

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
  // "10.0.0.1:4410" or "[fd00::1]:4410".
  static std::optional<Endpoint> parse(std::string_view text);
  std::string text() const;
};

}  // namespace cuttle
