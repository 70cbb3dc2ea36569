// [mesh], and the file that it names.
#include <algorithm>

#include "config/host_name.hh"
#include "config/sections.hh"
#include "config/wording.hh"

namespace cuttle {

namespace {

std::optional<VerifyingKey> parse_verifying_key(std::string_view text) {
  const auto key = VerifyingKey::parse(text);
  return key ? std::optional(*key) : std::nullopt;
}

// What Ceph calls a client, without anything that a shell or its own files take for something else.
std::optional<std::string> parse_ceph_name(std::string_view text) {
  const bool good = text.starts_with("client.") && text.size() > 7 && text.size() <= 300 &&
                    std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '.' || c == '-' || c == '_';
                    });
  return good ? std::optional(std::string(text)) : std::nullopt;
}

bool is_within(const std::vector<IpPrefix>& networks, const IpPrefix& prefix) {
  return networks.empty() || std::any_of(networks.begin(), networks.end(), [&](const IpPrefix& network) {
           return network.length <= prefix.length && network.overlaps(prefix);
         });
}

// One host's address, or within what root allows: nobody else says where whole networks go.
bool may_be_named(const IpPrefix& prefix, const MeshConfig& mesh) {
  return prefix.length == prefix.address.size() * 8 ||
         (!mesh.networks.empty() && is_within(mesh.networks, prefix));
}
constexpr std::string_view kNotToBeNamed = "neither one address nor within mesh.networks";

// Notes what such a peer may not have, beyond what is wrong with any peer.
void check_bounds(const PeerConfig& peer, const MeshConfig& mesh, ParsedConfig& out) {
  const auto note = [&](const std::string& what) {
    out.problems.add(peer.line, fmt::format("peer.{}.{}", peer.name, what));
  };
  if (!is_within(mesh.networks, IpPrefix::of(peer.endpoint.address))) {
    note(fmt::format("endpoint: {} is outside mesh.networks", peer.endpoint.to_string()));
  }
  for (const IpPrefix& prefix : peer.redirect) {
    if (!is_within(mesh.networks, prefix)) {
      note(fmt::format("redirect: {} is outside mesh.networks", prefix.to_string()));
    } else if (!may_be_named(prefix, mesh)) {
      note(fmt::format("redirect: {} is {}", prefix.to_string(), kNotToBeNamed));
    }
  }
  // A path would have another user's process read what it names.
  if (!peer.preshared_key_file.empty()) note("preshared_key_file: only root's own file may name one");
  if (!peer.ports.empty()) note("ports: only root's own file may say which");
  if (peer.joining && !mesh.joining) note("joining: root's file says mesh.joining = false");
  if (peer.joining_limit) note("joining_limit: only root's own file may say which");
}

void read_closed(TomlReader& reader, const MeshConfig& mesh, ParsedConfig& out) {
  for (const TextItem& item : reader.texts("closed")) {
    const auto prefix = IpPrefix::parse(item.text);
    if (!prefix) {
      reader.wrong(item, "not an address or prefix");
    } else if (!may_be_named(*prefix, mesh)) {
      reader.wrong(item, kNotToBeNamed);
    } else {
      out.config.closed.push_back(*prefix);
    }
  }
}

// What is left of `whole` without `holes`, in prefixes.
void add_without(const IpPrefix& whole, const std::vector<IpPrefix>& holes, std::vector<IpPrefix>& out) {
  const auto covers = [&](const IpPrefix& hole) {
    return hole.length <= whole.length && hole.overlaps(whole);
  };
  if (std::any_of(holes.begin(), holes.end(), covers)) return;
  if (std::none_of(holes.begin(), holes.end(), [&](const IpPrefix& hole) { return hole.overlaps(whole); })) {
    out.push_back(whole);
    return;
  }
  IpPrefix half{whole.address, static_cast<uint8_t>(whole.length + 1)};
  add_without(half, holes, out);
  half.address.bytes[whole.length / 8] |= static_cast<uint8_t>(0x80 >> (whole.length % 8));
  add_without(half, holes, out);
}

// Each address in one of them, the widest.
std::vector<IpPrefix> without_repeats(std::vector<IpPrefix> prefixes) {
  std::sort(prefixes.begin(), prefixes.end());  // what is contained comes after what contains it
  std::vector<IpPrefix> kept;
  for (const IpPrefix& prefix : prefixes) {
    if (kept.empty() || !kept.back().overlaps(prefix)) kept.push_back(prefix);
  }
  return kept;
}

size_t count_peers(const toml::table& root) {
  const toml::array* peers = root["peer"].as_array();
  return peers == nullptr ? 0 : peers->size();
}

// A shape is what hides: none that others than root wrote is ever read.
void refuse_shapes(toml::table& root, ParsedConfig& out) {
  toml::array* peers = root["peer"].as_array();
  if (peers == nullptr) return;
  for (toml::node& item : *peers) {
    toml::table* peer = item.as_table();
    const toml::node* shape = peer == nullptr ? nullptr : peer->get("shape");
    if (shape == nullptr) continue;
    out.problems.add(shape->source().begin.line,
                     fmt::format("peer.{}.shape: only root's own file may give one",
                                 one_line((*peer)["name"].value_or(std::string_view()))));
    peer->erase("shape");
  }
}

ParsedConfig parse_peers(const PeersText& peers, bool default_shape_good, const NodeConfig& node) {
  ParsedConfig own;
  own.config.shape = node.shape;
  try {
    toml::table root = toml::parse(peers.text);
    refuse_shapes(root, own);
    TomlReader reader(root, "", "", own);
    reader.require("closed", "a list of addresses, which may be empty: the file is cut off, or not one");
    read_closed(reader, *node.mesh, own);
    const auto hosts = reader.number("hosts", 0, kMaxPeers);
    if (hosts && *hosts != count_peers(root)) {
      reader.problem("hosts", fmt::format("{}, and there are {} [[peer]]: the file is cut off", *hosts,
                                          count_peers(root)));
    }
    const toml::node* list = reader.node("peer");
    if (list != nullptr) read_peers(*list, "", default_shape_good, own);
    reader.finish();
  } catch (const toml::parse_error& error) {
    own.problems.add(error.source().begin.line, "not TOML: " + one_line(error.description()));
  }
  for (const PeerConfig& peer : own.config.peers) check_bounds(peer, *node.mesh, own);
  return own;
}

}  // namespace

bool is_whole_peers_file(std::string_view text) {
  try {
    const toml::table root = toml::parse(text);
    if (root["closed"].as_array() == nullptr || count_peers(root) > kMaxPeers) return false;
    if (const toml::node* peers = root.get("peer"); peers != nullptr) {
      const toml::array* list = peers->as_array();
      const auto is_table = [](const toml::node& item) { return item.is_table(); };
      if (list == nullptr || !std::all_of(list->begin(), list->end(), is_table)) return false;
    }
    const toml::node* hosts = root.get("hosts");
    return hosts == nullptr || hosts->value<int64_t>() == static_cast<int64_t>(count_peers(root));
  } catch (const toml::parse_error&) {
    return false;
  }
}

void close_in_place_of_peers(const std::optional<std::string>& text, NodeConfig& config) {
  std::vector<IpPrefix> named;
  if (!text || !is_whole_peers_file(*text)) named = config.mesh->networks;
  if (text) {
    const ParsedConfig own = parse_peers({*text, true}, true, config);
    named.insert(named.end(), own.config.closed.begin(), own.config.closed.end());
    for (const PeerConfig& peer : own.config.peers) {
      named.insert(named.end(), peer.redirect.begin(), peer.redirect.end());
      if (peer.endpoint.port != 0) named.push_back(IpPrefix::of(peer.endpoint.address));
    }
  }
  // What is this node's own, or goes through a link of root's file, stays as it is.
  std::vector<IpPrefix> holes{IpPrefix::of(config.listen.address)};
  for (const IpAddress& address : config.addresses) holes.push_back(IpPrefix::of(address));
  for (const PeerConfig& peer : config.peers) {
    holes.insert(holes.end(), peer.redirect.begin(), peer.redirect.end());
    holes.push_back(IpPrefix::of(peer.endpoint.address));
  }
  config.closed.clear();
  for (const IpPrefix& prefix : without_repeats(named)) add_without(prefix, holes, config.closed);
}

void read_mesh(TomlReader& reader, const std::string& directory, ParsedConfig& out) {
  MeshConfig mesh;
  mesh.host = reader
                  .parsed("host", parse_host_name,
                          "not a host's name in lower case; write it as the host calls itself")
                  .value_or(out.config.name);
  reader.require("peers", "the file that cuttle-mesh writes, for example \"/var/lib/cuttle-mesh/osd0.toml\"");
  if (const auto file = reader.parsed("peers", parse_file_name, kFileNameAdvice)) {
    mesh.peers_file = resolve_path(*file, directory);
  }
  for (const TextItem& item : reader.texts("networks")) {
    if (const auto prefix = IpPrefix::parse(item.text)) {
      mesh.networks.push_back(*prefix);
    } else {
      reader.wrong(item, "not a network; write \"10.77.0.0/24\"");
    }
  }
  mesh.signing_key = reader.parsed("signing_key", parse_verifying_key,
                                   "not what `cuttle mesh genkey` prints: 44 characters of base64");
  mesh.joining = reader.boolean("joining").value_or(mesh.joining);
  mesh.joining_limit =
      reader.parsed("joining_limit", parse_joining_limit, kJoiningLimitAdvice).value_or(mesh.joining_limit);
  mesh.ceph_conf = reader.parsed("ceph_conf", parse_file_name, kFileNameAdvice).value_or("");
  mesh.ceph_name =
      reader.parsed("ceph_name", parse_ceph_name, "not a client of Ceph's; write \"client.cuttle.osd0\"")
          .value_or("client.cuttle." + mesh.host);
  mesh.keyring = reader.parsed("keyring", parse_file_name, kFileNameAdvice).value_or("");
  reader.finish();
  out.config.mesh = std::move(mesh);
}

void read_peers_file(const PeersText& peers, bool default_shape_good, ParsedConfig& out) {
  NodeConfig& node = out.config;
  const ParsedConfig own = parse_peers(peers, default_shape_good, node);
  for (const Problem& problem : own.problems.list()) {
    const std::string message = to_string(problem, node.mesh->peers_file);
    peers.lenient || problem.severity == Severity::warning ? out.problems.warn(0, message)
                                                           : out.problems.add(0, message);
  }
  node.closed = own.config.closed;
  for (const PeerConfig& peer : own.config.peers) {
    node.peers.push_back(peer);
    PeerConfig& taken = node.peers.back();
    taken.line = 0;
    taken.preshared_key_file.clear();  // noted above, and never opened
    taken.joining_limit.reset();
    if (taken.joining) taken.joining_limit = node.mesh->joining_limit;
  }
}

}  // namespace cuttle
