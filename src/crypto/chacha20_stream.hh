// The ChaCha20 key stream (RFC 8439, section 2.4), block after block, as a source of numbers that nobody
// without the key can predict. One thread; allocates when it is made and not afterwards.
#pragma once

#include <array>
#include <cstdint>

#include "crypto/openssl_handles.hh"
#include "crypto/secret.hh"

namespace cuttle {

class ChaCha20Stream {
 public:
  explicit ChaCha20Stream(const Secret<32>& key);

  // On to the beginning of a stream of that number: many for one key, none of them the one it begins with.
  void handle_stream(uint64_t number);
  uint64_t next();

 private:
  static constexpr size_t kWords = 8;  // a block of 64 bytes
  CipherContext context_;
  std::array<uint64_t, kWords> words_{};
  size_t used_ = kWords;
};

}  // namespace cuttle
