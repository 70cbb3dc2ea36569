#include "node/key_log.hh"

namespace cuttle {

Result<std::unique_ptr<KeyLog>> KeyLog::open(const std::string& path) {
  auto file = open_debug_file("--debug-keys", path);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<KeyLog>(new KeyLog(std::move(*file)));
}

void KeyLog::add(const IpAddress& source, const IpAddress& destination, Spi spi, const AeadKey& key) {
  std::fprintf(file_.get(), "\"%s\",\"%s\",\"%s\",\"0x%08x\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x",
               source.is_v6 ? "IPv6" : "IPv4", source.to_string().c_str(), destination.to_string().c_str(),
               spi.value);
  for (const uint8_t byte : key.bytes) std::fprintf(file_.get(), "%02x", byte);
  std::fprintf(file_.get(), "\",\"NULL\",\"\"\n");
  std::fflush(file_.get());
}

}  // namespace cuttle
