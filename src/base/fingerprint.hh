// 64 bits of FNV-1a, as 16 hexadecimal digits: whether a text is the same as before. Nobody is kept out by
// it.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cuttle {

inline std::string fingerprint(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char octet : text) hash = (hash ^ static_cast<uint8_t>(octet)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

}  // namespace cuttle
