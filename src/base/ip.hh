// IP addresses, prefixes and UDP endpoints, IPv4 and IPv6 alike.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cuttle {

struct IpAddress {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes{};  // network order; an IPv4 address uses the first four, the rest are 0

  auto operator<=>(const IpAddress&) const = default;
  size_t size() const { return is_v6 ? 16 : 4; }
  // fe80::/10: of one cable alone (RFC 4291, section 2.5.6).
  bool is_link_local() const { return is_v6 && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }
  // ::ffff:0:0/96 and ::/96: an IPv4 address in IPv6's clothes, which a socket of either family refuses (RFC
  // 4291, section 2.5.5). Also "::" and "::1".
  bool holds_ipv4() const;
  // 127.0.0.0/8 and ::1.
  bool is_loopback() const;

  // Numeric text only, never a name to look up.
  static std::optional<IpAddress> parse(std::string_view text);
  std::string to_string() const;
};

// All addresses whose first `length` bits are those of `address`.
struct IpPrefix {
  IpAddress address;
  uint8_t length = 0;

  // That one address.
  static IpPrefix of(const IpAddress& host) { return {host, static_cast<uint8_t>(host.size() * 8)}; }

  auto operator<=>(const IpPrefix&) const = default;
  bool contains(const IpAddress& other) const;
  bool overlaps(const IpPrefix& other) const;

  // "10.0.0.1" (a host) or "10.0.0.0/24"; bits set beyond the length are an error.
  static std::optional<IpPrefix> parse(std::string_view text);
  std::string to_string() const;
};

bool any_contains(std::span<const IpPrefix> prefixes, const IpAddress& address);
bool contains(std::span<const IpAddress> addresses, const IpAddress& address);
std::vector<IpPrefix> prefixes_of(std::span<const IpAddress> hosts);

struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
  // "10.0.0.1:4410" or "[fd00::1]:4410".
  static std::optional<Endpoint> parse(std::string_view text);
  std::string to_string() const;
};

// Whether two links with so many lanes each, from these ports on, would share a port.
bool ports_overlap(const Endpoint& a, uint32_t lanes_a, const Endpoint& b, uint32_t lanes_b);

}  // namespace cuttle
