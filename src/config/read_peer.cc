#include <algorithm>

#include "base/units.hh"
#include "config/host_name.hh"
#include "config/sections.hh"
#include "config/shape_plan.hh"
#include "config/wording.hh"

namespace cuttle {

namespace {

constexpr uint32_t kMaxLanes = 32;  // an association has so many SPIs (link/association.cc)

// "peer.mon", or "peer#2" when it has no name that could stand in a message.
std::string shown_peer(const toml::table& table, size_t index) {
  const auto name = parse_peer_name(table["name"].value_or(std::string_view()));
  return name ? "peer." + *name : fmt::format("peer#{}", index + 1);
}

std::optional<PublicKey> read_public_key(TomlReader& reader, std::string_view name) {
  const auto text = reader.text(name);
  if (!text) return std::nullopt;
  // The text itself is not repeated: it may be a private key that ended up in the wrong place.
  const auto key = PublicKey::parse(*text);
  if (key) return *key;
  const std::string& message = key.error().message;  // "public key: ...", which the line says already
  reader.problem(name, message.substr(message.find(": ") + 2));
  return std::nullopt;
}

void read_redirect(TomlReader& reader, PeerConfig& peer, ParsedConfig& out) {
  reader.require("redirect", "the peer's addresses, whose traffic goes through the link");
  for (const TextItem& item : reader.texts("redirect")) {
    const auto prefix = IpPrefix::parse(item.text);
    if (prefix) {
      out.lines.set(fmt::format("{}.redirect[{}]", reader.path(), peer.redirect.size()), item.line);
      peer.redirect.push_back(*prefix);
    } else {
      reader.wrong(
          item,
          "not an address or prefix; write \"10.77.0.10\" or \"10.77.1.0/24\", all bits beyond the length 0");
    }
  }
}

void read_ports(TomlReader& reader, PeerConfig& peer, ParsedConfig& out) {
  const toml::node* list = reader.node("ports");
  if (list != nullptr && list->is_array() && list->as_array()->empty()) {
    reader.problem("ports", "an empty list; leave it out to carry everything");
  }
  for (const TextItem& item : reader.texts("ports")) {
    const auto range = PortRange::parse(item.text);
    if (range) {
      out.lines.set(fmt::format("{}.ports[{}]", reader.path(), peer.ports.size()), item.line);
      peer.ports.push_back(*range);
    } else {
      reader.wrong(item, "not a range of ports; write \"6789\", \"6800-7300\" or \"udp 500\"");
    }
  }
}

void read_peer_shape(TomlReader& reader, PeerConfig& peer, bool default_shape_good, ParsedConfig& out) {
  bool good = default_shape_good;
  peer.shape = out.config.shape;
  const toml::table* own = reader.table("shape");
  if (own != nullptr) {
    TomlReader section(*own, reader.path() + ".shape", reader.shown_path() + ".shape", out);
    good = read_shape(section, peer.shape, out) && good;
  }
  if (peer.endpoint.port == 0) return;  // the family is not known
  const bool is_v6 = peer.endpoint.address.is_v6;
  if (good && (own != nullptr || peer.lanes > 1)) {
    check_shape(peer.shape, is_v6, peer.lanes, reader.path() + ".shape", reader.shown_path() + ".shape", out);
  }
  peer.shape = complete_shape(std::move(peer.shape), is_v6);
}

void read_peer(TomlReader& reader, const std::string& directory, bool default_shape_good, ParsedConfig& out) {
  PeerConfig peer;
  peer.line = reader.line();
  reader.require("name", "what the peer is called; its interface is ct-NAME");
  peer.name =
      reader
          .parsed("name", parse_peer_name,
                  fmt::format("not a peer name; use 1 to {} of a-z 0-9 - _ . (the interface is ct-NAME)",
                              kLongestPeerName))
          .value_or("");
  reader.require("public_key", "what `cuttle pubkey` prints from the peer's key");
  peer.public_key = read_public_key(reader, "public_key").value_or(PublicKey());
  peer.next_public_key = read_public_key(reader, "next_public_key");
  if (const auto file = reader.parsed("preshared_key_file", parse_file_name, kFileNameAdvice)) {
    peer.preshared_key_file = resolve_path(*file, directory);
  }
  reader.require("endpoint", "the address and UDP port the peer listens on, for example \"10.77.0.10:4410\"");
  peer.endpoint = reader.parsed("endpoint", Endpoint::parse, kEndpointAdvice).value_or(Endpoint{});
  read_redirect(reader, peer, out);
  read_ports(reader, peer, out);
  peer.lanes = static_cast<uint32_t>(reader.number("lanes", 1, kMaxLanes).value_or(peer.lanes));
  peer.joining = reader.boolean("joining").value_or(peer.joining);
  peer.joining_limit = reader.parsed("joining_limit", parse_joining_limit, kJoiningLimitAdvice);
  peer.site = reader.parsed("site", parse_site, kSiteAdvice).value_or("");
  read_peer_shape(reader, peer, default_shape_good, out);
  reader.finish();
  out.config.peers.push_back(std::move(peer));
}

}  // namespace

std::optional<Duration> parse_joining_limit(std::string_view text) {
  const auto duration = parse_duration(text);
  const bool good = duration && *duration >= seconds(1) && *duration <= seconds(30 * 86'400);
  return good ? duration : std::nullopt;
}

void read_peers(const toml::node& list, const std::string& directory, bool default_shape_good,
                ParsedConfig& out) {
  const toml::array* peers = list.as_array();
  const auto is_table = [](const toml::node& item) { return item.is_table(); };
  if (peers == nullptr || !std::all_of(peers->begin(), peers->end(), is_table)) {
    out.problems.add(list.source().begin.line,
                     "peer: must be a list of tables; begin each peer with [[peer]]");
    return;
  }
  if (peers->empty() || peers->size() > kMaxPeers) {
    out.problems.add(list.source().begin.line,
                     fmt::format("peer: {} of them; there can be 1 to {}", peers->size(), kMaxPeers));
    return;
  }
  for (size_t i = 0; i < peers->size(); ++i) {
    const toml::table& table = *peers->get(i)->as_table();
    TomlReader reader(table, fmt::format("peer[{}]", i), shown_peer(table, i), out);
    read_peer(reader, directory, default_shape_good, out);
  }
}

}  // namespace cuttle
