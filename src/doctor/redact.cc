#include "doctor/redact.hh"

#include <fmt/format.h>

#include <cctype>

#include "crypto/blake2s.hh"

namespace cuttle::doctor {

namespace {

constexpr size_t kBase64Digits = 43;  // of 32 octets, before the "="
constexpr size_t kHexDigits = 64;

bool is_base64(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
}
bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

// How many digits there are from `at` on.
size_t run_of(std::string_view text, size_t at, bool (*is_digit)(char)) {
  size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

// 32 bits of a hash of 256 that nobody can guess: they tell nothing of it.
std::string word_for(std::string_view key) {
  const auto hash = blake2s({Bytes{reinterpret_cast<const uint8_t*>(key.data()), key.size()}});
  return fmt::format("[key {:02x}{:02x}{:02x}{:02x}]", hash[0], hash[1], hash[2], hash[3]);
}

}  // namespace

std::string without_keys(std::string_view text) {
  std::string clean;
  for (size_t at = 0; at < text.size();) {
    const size_t digits = run_of(text, at, is_base64);
    if (digits == 0) {
      clean += text[at++];
      continue;
    }
    // A path may run into a key: its last digits count.
    const bool has_key = digits >= kBase64Digits && at + digits < text.size() && text[at + digits] == '=';
    const size_t hex = run_of(text, at, is_hex);
    if (has_key) {
      const size_t before = digits - kBase64Digits;
      clean += text.substr(at, before);
      clean += word_for(text.substr(at + before, kBase64Digits + 1));
      at += digits + 1;
    } else if (hex == digits && digits >= kHexDigits) {
      clean += word_for(text.substr(at, digits));
      at += digits;
    } else {
      clean += text.substr(at, digits);
      at += digits;
    }
  }
  return clean;
}

}  // namespace cuttle::doctor
