// 64 bits of FNV-1a, as 16 hexadecimal digits: whether a text is the same as before. Nobody is kept out by
// it.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/fnv1a.hh"

namespace cuttle {

inline std::string fingerprint(std::string_view text) {
  Fnv1a hash;
  for (const char byte : text) hash.add(static_cast<uint8_t>(byte));
  return fmt::format("{:016x}", hash.value());
}

}  // namespace cuttle
