#include "config/hand_over.hh"

#include <cstring>
#include <filesystem>

#include "base/bytes.hh"
#include "config/parse.hh"

namespace cuttle {

namespace {

class Writer {
 public:
  void number(uint64_t value) {
    uint8_t octets[8];
    store_be64(octets, value);
    out_.append(reinterpret_cast<const char*>(octets), sizeof octets);
  }
  void text(std::string_view text) {
    number(text.size());
    out_ += text;
  }
  void key(Bytes key) { out_.append(reinterpret_cast<const char*>(key.data()), key.size()); }
  std::string take() { return std::move(out_); }
  void reserve(size_t size) { out_.reserve(size); }  // so that no copy with a key in it is left behind

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view octets) : rest_(octets) {}

  uint64_t number() {
    const std::string_view octets = take(8);
    return octets.size() == 8 ? load_be64(reinterpret_cast<const uint8_t*>(octets.data())) : 0;
  }
  std::string_view text() { return take(number()); }
  std::span<const uint8_t, kKeySize> key() {
    static constexpr std::array<uint8_t, kKeySize> kNone{};
    const std::string_view octets = take(kKeySize);
    if (octets.size() != kKeySize) return kNone;
    return std::span<const uint8_t, kKeySize>(reinterpret_cast<const uint8_t*>(octets.data()), kKeySize);
  }
  size_t left() const { return rest_.size(); }
  bool good() const { return good_; }

 private:
  std::string_view take(uint64_t size) {
    if (size > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string to_octets(const LoadedConfig& loaded) {
  Writer out;
  size_t size = 64 + loaded.text.size();
  for (const Problem& problem : loaded.problems.list()) size += 32 + problem.message.size();
  if (loaded.keys) size += kKeySize * (1 + loaded.keys->preshared.size());
  out.reserve(size);
  out.text(loaded.text);
  out.number(loaded.problems.list().size());
  for (const Problem& problem : loaded.problems.list()) {
    out.number(problem.line);
    out.number(problem.severity == Severity::warning ? 1 : 0);
    out.text(problem.message);
  }
  out.number(loaded.keys ? 1 : 0);
  if (loaded.keys) {
    out.key(loaded.keys->private_key.bytes());
    out.number(loaded.keys->preshared.size());
    for (const PresharedKey& key : loaded.keys->preshared) out.key(key.bytes());
  }
  return out.take();
}

Result<LoadedConfig> from_octets(const std::string& file, std::string_view octets) {
  Reader in(octets);
  LoadedConfig loaded;
  loaded.file = file;
  loaded.text = in.text();
  for (uint64_t count = in.number(); count > 0 && in.good(); --count) {
    const auto line = static_cast<uint32_t>(in.number());
    const bool is_warning = in.number() != 0;
    std::string message(in.text());
    if (is_warning) {
      loaded.problems.warn(line, std::move(message));
    } else {
      loaded.problems.add(line, std::move(message));
    }
  }
  if (in.number() != 0) {
    const auto own = in.key();
    NodeKeys keys{PrivateKey::from_random(own), {}};
    const uint64_t count = in.number();
    if (count > in.left() / kKeySize) return failure("a configuration that was handed over is cut off");
    for (uint64_t i = 0; i < count; ++i) keys.preshared.push_back(PresharedKey::from_random(in.key()));
    loaded.keys = std::move(keys);
  }
  if (!in.good() || in.left() != 0) return failure("a configuration that was handed over is cut off");
  if (!loaded.good()) return loaded;
  ParsedConfig parsed = parse_config(loaded.text, std::filesystem::path(file).parent_path().string());
  loaded.config = std::move(parsed.config);
  loaded.lines = std::move(parsed.lines);
  if (parsed.problems.has_errors() || !loaded.keys ||
      loaded.keys->preshared.size() != loaded.config.peers.size()) {
    return failure("a configuration that was handed over contradicts itself");
  }
  return loaded;
}

}  // namespace cuttle
