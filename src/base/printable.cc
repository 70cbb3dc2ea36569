#include "base/printable.hh"

#include <cstdint>

namespace cuttle {

namespace {

// Bytes of the character that begins the text, where it is one of those; else 0.
size_t moves_cursor(std::string_view text, bool lines) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  if (byte(0) == '\n' && lines) return 0;
  if (byte(0) < 0x20 || byte(0) == 0x7f) return 1;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return 2;
  const bool is_mark = byte(0) == 0xe2 && byte(1) == 0x80 &&
                       (byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae));
  const bool is_isolate = byte(0) == 0xe2 && byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
  const bool is_arabic_mark = byte(0) == 0xd8 && byte(1) == 0x9c;
  if (is_mark || is_isolate) return 3;
  return is_arabic_mark ? 2 : 0;
}

}  // namespace

std::string printable(std::string_view text, bool lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (const size_t bytes = moves_cursor(text, lines); bytes > 0) {
      out += '?';
      text.remove_prefix(bytes);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace cuttle
