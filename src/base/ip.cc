#include "base/ip.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace cuttle {

namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool same_leading_bits(const IpAddress& a, const IpAddress& b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a.bytes.begin(), a.bytes.begin() + whole, b.bytes.begin())) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff00 >> (bits % 8));
  return ((a.bytes[whole] ^ b.bytes[whole]) & mask) == 0;
}

}  // namespace

bool IpAddress::holds_ipv4() const {
  const auto is_zero = [](uint8_t byte) { return byte == 0; };
  if (!is_v6 || !std::all_of(bytes.begin(), bytes.begin() + 10, is_zero)) return false;
  return (bytes[10] == 0 && bytes[11] == 0) || (bytes[10] == 0xff && bytes[11] == 0xff);
}

bool IpAddress::is_loopback() const {
  return is_v6 ? *this == parse("::1") : bytes[0] == 127;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress result;
  if (inet_pton(AF_INET, terminated.c_str(), result.bytes.data()) == 1) return result;
  result.is_v6 = true;
  if (inet_pton(AF_INET6, terminated.c_str(), result.bytes.data()) == 1) return result;
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  char buffer[INET6_ADDRSTRLEN];
  return inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer);
}

bool IpPrefix::contains(const IpAddress& other) const {
  return other.is_v6 == address.is_v6 && same_leading_bits(address, other, length);
}

bool IpPrefix::overlaps(const IpPrefix& other) const {
  return other.address.is_v6 == address.is_v6 &&
         same_leading_bits(address, other.address, std::min(length, other.length));
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const auto bits = static_cast<uint8_t>(address->size() * 8);
  IpPrefix result{*address, bits};
  if (slash != std::string_view::npos) {
    const auto length = parse_number<uint8_t>(text.substr(slash + 1));
    if (!length || *length > bits) return std::nullopt;
    result.length = *length;
  }
  IpAddress network{address->is_v6, {}};
  for (unsigned i = 0; i < address->size(); ++i) {
    const int kept = std::clamp(result.length - static_cast<int>(8 * i), 0, 8);
    network.bytes[i] = static_cast<uint8_t>(address->bytes[i] & (0xff00 >> kept));
  }
  if (network != *address) return std::nullopt;
  return result;
}

std::string IpPrefix::to_string() const {
  return address.to_string() + "/" + std::to_string(length);
}

bool contains(std::span<const IpAddress> addresses, const IpAddress& address) {
  return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

bool any_contains(std::span<const IpPrefix> prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

std::vector<IpPrefix> prefixes_of(std::span<const IpAddress> hosts) {
  std::vector<IpPrefix> prefixes;
  for (const IpAddress& host : hosts) prefixes.push_back(IpPrefix::of(host));
  return prefixes;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  const auto port = parse_number<uint16_t>(text.substr(colon + 1));
  if (!address || !port || *port == 0 || address->is_v6 != bracketed) return std::nullopt;
  return Endpoint{*address, *port};
}

std::string Endpoint::to_string() const {
  const std::string host = address.is_v6 ? "[" + address.to_string() + "]" : address.to_string();
  return host + ":" + std::to_string(port);
}

bool ports_overlap(const Endpoint& a, uint32_t lanes_a, const Endpoint& b, uint32_t lanes_b) {
  return a.address == b.address && a.port < b.port + lanes_b && b.port < a.port + lanes_a;
}

}  // namespace cuttle
