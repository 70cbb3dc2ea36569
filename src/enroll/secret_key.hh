// Secret keys, new or out of their files, whichever kind: PrivateKey, PresharedKey, SigningKey.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/result.hh"
#include "config/file.hh"
#include "crypto/keys.hh"
#include "crypto/secret.hh"
#include "io/entropy.hh"

namespace cuttle::enroll {

template <typename Key>
Key new_key() {
  Secret<kKeySize> random;
  fill_with_entropy(random.bytes());
  return Key::from_random(random.bytes());
}

// The key in `path`; errors begin with the path. One that others can read is none.
template <typename Key>
Result<Key> read_key(const std::string& path) {
  constexpr size_t kLongest = 128;
  Secret<kLongest> memory;
  const auto file = read_secret_file(path, memory.bytes());
  if (!file) return failure(fmt::format("{}: cannot be read: {}", path, file.error().message));
  if ((file->mode & 077) != 0) {
    return failure(fmt::format("{}: others can read it; `chmod 600` it", path));
  }
  std::string_view text(reinterpret_cast<const char*>(memory.data()), file->bytes);
  text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
  auto key = Key::parse(text);
  if (!key) return failure(fmt::format("{}: {}", path, key.error().message));
  return key;
}

}  // namespace cuttle::enroll
