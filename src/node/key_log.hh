// For debugging only: the keys of every session in the form that Wireshark's and tshark's ESP dissector reads
// (its file esp_sa), so that a capture can be decrypted by a program that is not ours. Off unless `cuttle up
// --debug-keys FILE` asks for it; who has the file can read everything.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.hh"
#include "base/ip.hh"
#include "base/result.hh"
#include "crypto/aead.hh"
#include "node/debug_file.hh"

namespace cuttle {

// One thread, that of the handshakes.
class KeyLog {
 public:
  // Created readable by its owner alone; appended to when it exists.
  static Result<std::unique_ptr<KeyLog>> open(const std::string& path);

  void add(const IpAddress& source, const IpAddress& destination, Spi spi, const AeadKey& key);

 private:
  explicit KeyLog(DebugFile file) : file_(std::move(file)) {}
  DebugFile file_;
};

}  // namespace cuttle
