// Base64 (RFC 4648, section 4, with padding) for keys: no branch and no table look-up depends on the content,
// so that a key leaves no trace in the caches.
#pragma once

#include <string_view>

#include "base/bytes.hh"

namespace cuttle {

constexpr size_t base64_size(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

// Writes base64_size(bytes.size()) characters to `out`.
void base64_encode(Bytes bytes, char* out);

// True when `text` is exactly the base64 form of out.size() bytes: the right length, the right padding,
// unused bits zero, and nothing else in it. Otherwise false, and `out` is unspecified.
[[nodiscard]] bool base64_decode(std::string_view text, MutableBytes out);

}  // namespace cuttle
