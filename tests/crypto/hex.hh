// Hexadecimal text for test vectors.
#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hh"

namespace cuttle {

// Blanks are skipped; the rest must be an even number of hexadecimal digits.
inline std::vector<uint8_t> from_hex(std::string_view text) {
  std::string digits(text);
  std::erase(digits, ' ');
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i < digits.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

template <size_t size>
std::array<uint8_t, size> array_from_hex(std::string_view text) {
  const std::vector<uint8_t> bytes = from_hex(text);
  std::array<uint8_t, size> result{};
  if (bytes.size() != size) throw std::length_error("test vector of another size");
  std::copy(bytes.begin(), bytes.end(), result.begin());
  return result;
}

inline std::string to_hex(Bytes bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace cuttle
