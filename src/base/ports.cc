#include "base/ports.hh"

#include <charconv>

namespace cuttle {

namespace {

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

std::optional<PortRange> PortRange::parse(std::string_view text) {
  PortRange range;
  const bool names_protocol = text.starts_with("tcp ") || text.starts_with("udp ");
  if (names_protocol) {
    range.is_udp = text.front() == 'u';
    text.remove_prefix(4);
  }
  const size_t dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  range.first = *first;
  range.last = *last;
  return range;
}

std::string PortRange::to_string() const {
  std::string text = (is_udp ? "udp " : "tcp ") + std::to_string(first);
  if (last != first) text += "-" + std::to_string(last);
  return text;
}

}  // namespace cuttle
