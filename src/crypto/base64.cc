#include "crypto/base64.hh"

namespace cuttle {

namespace {

// All ones when low <= value <= high, else zero; for values from 0 to 255.
uint32_t mask_if_between(uint32_t value, uint32_t low, uint32_t high) {
  return (((value - low) | (high - value)) >> 31) - 1;
}

char character_of(uint32_t six_bits) {
  uint32_t character = 'A' + six_bits;
  character += mask_if_between(six_bits, 26, 63) & ('a' - 'A' - 26u);
  character -= mask_if_between(six_bits, 52, 63) & ('a' + 26u - '0');
  character -= mask_if_between(six_bits, 62, 63) & ('0' + 10u - '+');
  character += mask_if_between(six_bits, 63, 63) & ('/' - '+' - 1u);
  return static_cast<char>(character);
}

// 0 to 63; or with bit 6 set when it is not a character of the alphabet.
uint32_t six_bits_of(char text) {
  const auto character = static_cast<uint8_t>(text);
  const uint32_t upper = mask_if_between(character, 'A', 'Z');
  const uint32_t lower = mask_if_between(character, 'a', 'z');
  const uint32_t digit = mask_if_between(character, '0', '9');
  const uint32_t plus = mask_if_between(character, '+', '+');
  const uint32_t slash = mask_if_between(character, '/', '/');
  return (upper & (character - 'A')) | (lower & (character - 'a' + 26u)) | (digit & (character - '0' + 52u)) |
         (plus & 62u) | (slash & 63u) | (~(upper | lower | digit | plus | slash) & 64u);
}

}  // namespace

void base64_encode(Bytes bytes, char* out) {
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t here = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = 0;
    for (size_t j = 0; j < here; ++j) group |= static_cast<uint32_t>(bytes[i + j]) << (16 - 8 * j);
    for (size_t j = 0; j < 4; ++j) *out++ = j <= here ? character_of(group >> (18 - 6 * j) & 63) : '=';
  }
}

bool base64_decode(std::string_view text, MutableBytes out) {
  if (text.size() != base64_size(out.size())) return false;
  uint32_t wrong = 0;
  for (size_t i = 0; i < out.size(); i += 3) {
    const size_t here = out.size() - i < 3 ? out.size() - i : 3;
    const std::string_view quad = text.substr(i / 3 * 4, 4);
    uint32_t group = 0;
    for (size_t j = 0; j < 4; ++j) {
      if (j > here) {
        wrong |= static_cast<uint32_t>(quad[j] ^ '=');
        continue;
      }
      const uint32_t six_bits = six_bits_of(quad[j]);
      wrong |= six_bits & 64;
      group |= (six_bits & 63) << (18 - 6 * j);
    }
    for (size_t j = 0; j < here; ++j) out[i + j] = static_cast<uint8_t>(group >> (16 - 8 * j));
    if (here < 3) wrong |= group & (0xffffffu >> (8 * here));  // one text a key, no second spelling
  }
  return wrong == 0;
}

}  // namespace cuttle
