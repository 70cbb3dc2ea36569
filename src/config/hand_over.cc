#include "config/hand_over.hh"

#include <filesystem>

#include "base/byte_stream.hh"
#include "config/parse.hh"

namespace cuttle {

std::string to_bytes(const LoadedConfig& loaded) {
  ByteWriter out;
  size_t size = 80 + loaded.text.size() + loaded.peers_text.value_or("").size();
  for (const Problem& problem : loaded.problems.list()) size += 32 + problem.message.size();
  if (loaded.keys) size += kKeySize * (1 + loaded.keys->preshared.size());
  out.reserve(size);
  out.string(loaded.text);
  out.number(loaded.peers_text ? 1 : 0);
  out.string(loaded.peers_text.value_or(""));
  out.number(loaded.problems.list().size());
  for (const Problem& problem : loaded.problems.list()) {
    out.number(problem.line);
    out.number(problem.severity == Severity::warning ? 1 : 0);
    out.string(problem.message);
  }
  out.number(loaded.keys ? 1 : 0);
  if (loaded.keys) {
    out.key(loaded.keys->private_key.bytes());
    out.number(loaded.keys->preshared.size());
    for (const PresharedKey& key : loaded.keys->preshared) out.key(key.bytes());
  }
  return out.take();
}

Result<LoadedConfig> from_bytes(const std::string& file, std::string_view bytes) {
  ByteReader in(bytes);
  LoadedConfig loaded;
  loaded.file = file;
  loaded.text = in.string();
  const bool has_peers_text = in.number() != 0;
  std::string peers_text(in.string());
  if (has_peers_text) loaded.peers_text = std::move(peers_text);
  for (uint64_t count = in.number(); count > 0 && in.good(); --count) {
    const auto line = static_cast<uint32_t>(in.number());
    const bool is_warning = in.number() != 0;
    std::string message(in.string());
    if (is_warning) {
      loaded.problems.warn(line, std::move(message));
    } else {
      loaded.problems.add(line, std::move(message));
    }
  }
  if (in.number() != 0) {
    const auto own = in.key<kKeySize>();
    NodeKeys keys{PrivateKey::from_random(own), {}};
    const uint64_t count = in.number();
    if (count > in.left() / kKeySize) return failure("a configuration that was handed over is cut off");
    for (uint64_t i = 0; i < count; ++i)
      keys.preshared.push_back(PresharedKey::from_random(in.key<kKeySize>()));
    loaded.keys = std::move(keys);
  }
  if (!in.at_end()) return failure("a configuration that was handed over is cut off");
  if (!loaded.good()) return loaded;
  const auto peers = loaded.peers_text ? std::optional(PeersText{*loaded.peers_text}) : std::nullopt;
  ParsedConfig parsed = parse_config(loaded.text, std::filesystem::path(file).parent_path().string(), peers);
  loaded.config = std::move(parsed.config);
  loaded.lines = std::move(parsed.lines);
  if (parsed.problems.has_errors() || !loaded.keys ||
      loaded.keys->preshared.size() != loaded.config.peers.size()) {
    return failure("a configuration that was handed over contradicts itself");
  }
  return loaded;
}

}  // namespace cuttle
