#include "config/host_name.hh"

#include <algorithm>

namespace cuttle {

namespace {

constexpr size_t kLongestName = 253;
constexpr size_t kLongestLabel = 63;

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

}  // namespace

std::optional<std::string> parse_host_name(std::string_view text) {
  if (text.size() > kLongestName) return std::nullopt;
  std::string_view rest = text;
  for (;;) {
    const size_t dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) return std::nullopt;
    if (dot == std::string_view::npos) return std::string(text);
    rest.remove_prefix(dot + 1);
  }
}

std::optional<std::string> parse_peer_name(std::string_view text) {
  const bool good =
      !text.empty() && text.size() <= kLongestPeerName && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
      });
  return good ? std::optional(std::string(text)) : std::nullopt;
}

std::string shown_host(std::string_view text) {
  return parse_host_name(text).value_or("(no host's name)");
}

std::string in_lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace cuttle
