#include "doctor/redact.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "crypto/blake2s.hh"

namespace cuttle::doctor {

namespace {

constexpr size_t kBase64Digits = 43;  // of 32 bytes, before the "="
constexpr size_t kFewestDigits = 22;  // of 16 bytes, before "=="; a key of Ceph's has 38
constexpr size_t kHexDigits = 64;

bool is_base64(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
}
// Or in the alphabet for addresses and names of files (RFC 4648, section 5).
bool is_any_base64(char c) {
  return is_base64(c) || c == '-' || c == '_';
}
bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

int kind_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isupper(byte) != 0 ? 0 : std::islower(byte) != 0 ? 1 : std::isdigit(byte) != 0 ? 2 : 3;
}

// Of random digits, two neighbours are of different kinds in two thirds of all cases; in words and paths
// seldom.
bool looks_random(std::string_view digits) {
  size_t changes = 0;
  for (size_t i = 1; i < digits.size(); ++i) changes += kind_of(digits[i]) != kind_of(digits[i - 1]);
  return changes * 3 >= digits.size();
}

// How many digits there are from `at` on.
size_t run_of(std::string_view text, size_t at, bool (*is_digit)(char)) {
  size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

// Where a key in hexadecimal begins among other digits, as behind "0x"; their number where none does.
size_t hex_in(std::string_view digits) {
  for (size_t at = 0; at < digits.size(); ++at) {
    if (run_of(digits, at, is_hex) >= kHexDigits) return at;
  }
  return digits.size();
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
    if (const size_t hex = run_of(text, at, is_hex); hex >= kHexDigits) {
      clean += word_for(text.substr(at, hex));
      at += hex;
      continue;
    }
    const std::string_view digits = text.substr(at, run_of(text, at, is_any_base64));
    if (digits.empty()) {
      clean += text[at++];
      continue;
    }
    const bool is_padded = at + digits.size() < text.size() && text[at + digits.size()] == '=';
    at += digits.size();
    // A path may run into a key: its last digits count.
    const size_t before = digits.size() - std::min(digits.size(), kBase64Digits);
    const std::string_view last = digits.substr(before);
    if (is_padded && last.size() == kBase64Digits && run_of(last, 0, is_base64) == last.size()) {
      clean += std::string(digits.substr(0, before)) + word_for(std::string(last) + "=");
      ++at;
    } else if (digits.size() >= (is_padded ? kFewestDigits : kBase64Digits) && looks_random(last)) {
      clean += word_for(digits);
    } else if (const size_t hex = hex_in(digits); hex < digits.size()) {
      clean += digits.substr(0, hex);
      at -= digits.size() - hex;
    } else {
      clean += digits;
    }
  }
  return clean;
}

}  // namespace cuttle::doctor
