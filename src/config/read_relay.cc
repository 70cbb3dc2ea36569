// [relay]: nodes send for each other what a link has no room for.
#include <algorithm>

#include "config/sections.hh"

namespace cuttle {

namespace {

constexpr size_t kLongestSite = 32;
constexpr uint32_t kMostSharePercent = 90;

}  // namespace

std::optional<std::string> parse_site(std::string_view text) {
  const bool good =
      !text.empty() && text.size() <= kLongestSite && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
      });
  return good ? std::optional(std::string(text)) : std::nullopt;
}

void read_relay(TomlReader& reader, ParsedConfig& out) {
  RelayConfig relay;
  reader.require("enabled", "true: nodes send for each other what a link has no room for");
  const bool enabled = reader.boolean("enabled").value_or(false);
  relay.share_percent =
      static_cast<uint32_t>(reader.number("share", 1, kMostSharePercent).value_or(relay.share_percent));
  relay.site = reader.parsed("site", parse_site, kSiteAdvice).value_or("");
  reader.finish();
  if (enabled) out.config.relay = std::move(relay);
}

// Its packets cross between links: all have one packer and one receiver.
void check_relay(ParsedConfig& out) {
  if (!out.config.relay) return;
  const auto note = [&](uint32_t line, std::string message) { out.problems.add(line, std::move(message)); };
  if (out.config.shards != 1) {
    note(out.lines.line("runtime.shards"), fmt::format("relay: takes one shard, not {}", out.config.shards));
  }
  for (const PeerConfig& peer : out.config.peers) {
    if (peer.lanes > 1) {
      note(peer.line,
           fmt::format("relay: takes links of one lane; that with {} has {}", peer.name, peer.lanes));
    }
  }
}

}  // namespace cuttle
