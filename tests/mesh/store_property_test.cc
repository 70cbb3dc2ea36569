// A store that says anything at all.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "config/parse.hh"
#include "mesh/peers_text.hh"
#include "mesh/peers_that_fit.hh"
#include "nodes.hh"

namespace cuttle::mesh {
namespace {

// The whole range from the first run on: as it is, a range grows with the size of the runs.
int below(int count) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, count));
}

// One of five hosts says, or others say of it, something; or root does.
struct Mesh {
  std::vector<TestHost> hosts;
  Known known;
  StoreView view;
  std::set<IpAddress> opened;  // by root's word, in this step

  explicit Mesh(int count) {
    for (int number = 1; number <= count; ++number) hosts.push_back(test_host(number));
  }

  void say(TestHost& host) {
    host.entry.left = false;
    host.say_anew();
    view.entries[host.entry.host] = host.to_string();
  }

  static IpAddress any_address() { return address("10.0.0." + std::to_string(1 + below(7))); }

  void step(int number) {
    TestHost& host = hosts[static_cast<size_t>(below(static_cast<int>(hosts.size())))];
    const std::string name = host.entry.host;
    opened.clear();
    switch (below(16)) {
      case 0:
        view.entries.erase(name);
        break;
      case 1:
        view.entries[name] = "{}";
        break;
      case 2:
        view.revoked.insert(name);
        break;
      case 3:
        view.revoked.erase(name);
        break;
      case 4:
      case 5:
      case 6: {
        std::set<IpAddress> addresses{any_address()};
        if (below(2) == 0) addresses.insert(any_address());
        host.entry.addresses.assign(addresses.begin(), addresses.end());
        if (below(4) == 0) host.entry.endpoint.address = any_address();
        say(host);
        break;
      }
      case 7:
      case 8:
        view.entries[name] = to_json(tombstone(host, ++host.entry.counter));
        break;
      case 9:
        host.identity = SigningKey::from_random(bytes(number + 100, 2));
        host.entry.identity = host.identity.verifying_key();
        say(host);
        break;
      case 10:
      case 11:
      case 12:
        // Also what it has from another by root's word alone.
        if (below(2) == 0) {
          std::set<IpAddress> addresses{
              hosts[static_cast<size_t>(below(static_cast<int>(hosts.size())))].entry.endpoint.address};
          addresses.insert(host.entry.addresses.begin(), host.entry.addresses.end());
          host.entry.addresses.assign(addresses.begin(), addresses.end());
          say(host);
        }
        if (const auto entry = parse_entry(name, view.entries[name]); entry && !entry->left)
          accept(known, *entry);
        break;
      case 13:
        if (const auto opens = forget(known, name)) opened.insert(opens->begin(), opens->end());
        break;
      default:
        say(host);
    }
  }
};

// Whatever stands in the store, in whatever order: what was closed once is closed, by a link or without one,
// until root forgets whose it was, and the file is always one that the agent takes.
RC_GTEST_PROP(MeshStore, NothingThatTheStoreSaysOpensWhatIsClosed, ()) {
  Mesh mesh(2 + below(4));
  Known& known = mesh.known;
  std::set<IpAddress> ever;
  const bool come_up = below(2) == 0;
  const bool gets_addresses = below(2) == 0;
  for (int step = 0; step < 25; ++step) {
    mesh.step(step);
    for (const IpAddress& one : mesh.opened) ever.erase(one);
    // Somebody gives this machine addresses, and takes them away.
    Bounds bounds = test_bounds();
    if (gets_addresses && below(3) == 0) bounds.own_addresses.push_back(Mesh::any_address());
    known = reconcile(known, mesh.view, bounds).known;
    const std::string text = peers_text(known, bounds, true);
    const ParsedConfig parsed = parse_config(kRootsFile, "", PeersText{text});
    for (const Problem& problem : parsed.problems.list()) RC_FAIL(to_string(problem, "file") + "\n" + text);
    std::set<IpAddress> closed;
    // One that joins is open; what was closed before it is not, whatever restarts.
    for (const PeerConfig& peer : parsed.config.peers) {
      if (peer.joining) continue;
      for (const IpPrefix& prefix : peer.redirect) closed.insert(prefix.address);
    }
    for (const IpPrefix& prefix : parsed.config.closed) closed.insert(prefix.address);
    for (const IpAddress& one : ever) {
      if (!closed.contains(one)) RC_FAIL(one.to_string() + " is open again\n" + text);
    }
    ever.insert(closed.begin(), closed.end());
    // Some links come up.
    for (auto& [host, pin] : known.pins) pin.was_up = pin.was_up || (come_up && below(4) == 0);
  }
}

// One of few, so that they meet.
IpAddress any_address() {
  const std::string number = std::to_string(1 + below(9));
  return address((below(4) == 0 ? "fd00::" : "10.0.0.") + number);
}
Endpoint any_endpoint() {
  constexpr uint16_t kPorts[] = {4410, 4411, 5000, 65534};
  return {any_address(), kPorts[below(4)]};
}

// What root may write; own addresses among those that others have, too.
Bounds any_bounds() {
  Bounds bounds = test_bounds();
  bounds.own->lanes = static_cast<uint32_t>(1 + below(6));
  bounds.own->endpoint = any_endpoint();
  bounds.own->addresses = {bounds.own->endpoint.address};
  bounds.listen = any_endpoint();
  for (int i = below(3); i > 0; --i) bounds.sources.push_back(any_address());
  if (bounds.sources.empty()) bounds.sources = {bounds.listen->address};
  bounds.own_addresses = bounds.sources;
  bounds.own_addresses.push_back(bounds.listen->address);
  if (below(3) == 0) bounds.own_addresses.push_back(any_address());
  if (below(3) == 0) bounds.ends_of_networks = {any_address()};
  if (below(2) == 0) bounds.networks.clear();
  if (below(3) == 0) bounds.networks = {*IpPrefix::parse("10.0.0.0/29"), *IpPrefix::parse("fd00::/64")};
  for (int i = below(3); i > 0; --i) {
    PeerConfig peer;
    peer.name = below(2) == 0 ? "osd1" : "own" + std::to_string(i);
    peer.public_key = test_key(1 + below(20));
    peer.endpoint = any_endpoint();
    peer.lanes = static_cast<uint32_t>(1 + below(3));
    for (int j = below(3); j > 0; --j) peer.redirect.push_back(IpPrefix::of(any_address()));
    if (below(4) == 0) peer.redirect = {*IpPrefix::parse("10.0.0.4/30")};
    bounds.root_peers.push_back(peer);
  }
  return bounds;
}

void say_anything(TestHost& host) {
  Entry& entry = host.entry;
  entry.left = false;
  entry.key = test_key(1 + below(20));
  entry.next_key.reset();
  if (below(3) == 0) entry.next_key = test_key(21 + below(5));
  entry.endpoint = any_endpoint();
  entry.lanes = static_cast<uint32_t>(1 + below(3));
  std::set<IpAddress> addresses{any_address()};
  for (int i = below(3); i > 0; --i) addresses.insert(any_address());
  entry.addresses.assign(addresses.begin(), addresses.end());
  host.say_anew();
}

// Whose ports are whose then depends on how many lanes the mesh's hosts have, which the agent's own check
// sees.
bool has_a_peer_at_its_own_address(const Bounds& bounds) {
  return bounds.listen && std::ranges::any_of(bounds.root_peers, [&](const PeerConfig& peer) {
           return peer.endpoint.address == bounds.listen->address;
         });
}

std::string problem_of(const std::string& roots, const std::string& peers) {
  const ParsedConfig parsed = parse_config(roots, "", PeersText{peers});
  for (const Problem& problem : parsed.problems.list()) return to_string(problem, "file");
  return "";
}

// Whatever stands in the store, and whatever root writes meanwhile: beside a good file of root's, the peers
// file is good. Were it not, nothing that comes later would take effect, revocations among it.
RC_GTEST_PROP(MeshStore, ThePeersFileIsGoodBesideWhateverRootWrites, ()) {
  std::vector<TestHost> hosts;
  for (int number = 1; number <= 5; ++number) hosts.push_back(test_host(number));
  Known known;
  StoreView view;
  for (int step = 0; step < 6; ++step) {
    const Bounds bounds = any_bounds();
    const std::string roots = roots_file(bounds);
    if (parse_config(roots, "").problems.has_errors()) continue;
    for (int i = below(4); i > 0; --i) {
      TestHost& host = hosts[static_cast<size_t>(below(5))];
      say_anything(host);
      view.entries[host.entry.host] = host.to_string();
      if (below(3) == 0) accept(known, host.entry);
    }
    const std::string name = "osd" + std::to_string(1 + below(5));
    if (below(4) == 0) view.revoked.insert(name);
    if (below(3) == 0) view.revoked.erase(name);
    if (below(4) == 0) (void)forget(known, name);
    known = reconcile(known, view, bounds).known;
    for (const Bounds& later : {bounds, any_bounds()}) {
      const std::string later_roots = roots_file(later);
      if (parse_config(later_roots, "").problems.has_errors()) continue;
      const auto text_without = [&](const std::set<std::string>& left_out) {
        return peers_text(known, later, true, left_out);
      };
      const auto problem_with = [&](const std::string& peers) { return problem_of(later_roots, peers); };
      const std::string text = has_a_peer_at_its_own_address(later)
                                   ? peers_that_fit(known, "", text_without, problem_with).text
                                   : text_without({});
      if (const std::string problem = problem_with(text); !problem.empty()) {
        RC_FAIL(problem + "\n" + later_roots + text);
      }
    }
  }
}

}  // namespace
}  // namespace cuttle::mesh
