#include "mesh/peers_text.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "enroll/node_files.hh"
#include "mesh/root_peers.hh"

namespace cuttle::mesh {

namespace {

// What no link here can have for its other end.
bool is_no_others(const Bounds& bounds, const IpAddress& address) {
  return contains(bounds.own_addresses, address) || contains(bounds.ends_of_networks, address);
}

// Of a version of IP that this host has no address of, nothing goes there; nor does what is no other host's.
bool is_reachable(const Bounds& bounds, const IpAddress& address) {
  if (is_no_others(bounds, address)) return false;
  const auto is_alike = [&](const IpAddress& one) { return one.is_v6 == address.is_v6; };
  if (!bounds.sources.empty()) return std::any_of(bounds.sources.begin(), bounds.sources.end(), is_alike);
  if (!bounds.own) return true;
  const auto& own = bounds.own->addresses;
  return is_alike(bounds.own->endpoint.address) || std::any_of(own.begin(), own.end(), is_alike);
}

std::string peer_table(const std::string& host, const Pin& pin, const std::vector<IpAddress>& redirect,
                       const Bounds& bounds, bool joining) {
  // One port a lane, on both ends.
  const uint32_t highest = std::max(bounds.listen ? bounds.listen->port : 0, +pin.entry.endpoint.port);
  const uint32_t lanes =
      std::min({bounds.own ? bounds.own->lanes : 1, pin.entry.lanes, UINT16_MAX + 1U - highest});

  std::string text = fmt::format(
      "\n{}"
      "name = \"{}\"\n"
      "public_key = \"{}\"\n",
      peer_heading(host), pin.name, pin.entry.key.to_string());
  if (pin.entry.next_key) text += fmt::format("next_public_key = \"{}\"\n", pin.entry.next_key->to_string());
  text += fmt::format("endpoint = \"{}\"\nredirect = {}\n", pin.entry.endpoint.to_string(),
                      enroll::toml_list(redirect));
  if (lanes > 1) text += fmt::format("lanes = {}\n", lanes);
  if (joining && !pin.was_up) text += "joining = true\n";
  return text;
}

// Of root's file, not only of the machine: what the agent refuses in `closed`. An address that the machine
// merely has right now, by somebody's lease, stays closed: that holds up nothing here, and nothing passes
// beside the link when the lease is over.
bool is_own_by_roots_file(const Bounds& bounds, const IpAddress& address) {
  if (contains(bounds.sources, address)) return true;
  if (bounds.listen) return bounds.listen->address == address;
  return bounds.own && bounds.own->endpoint.address == address;
}

bool is_roots(const Bounds& bounds, const IpAddress& address) {
  return std::any_of(bounds.root_peers.begin(), bounds.root_peers.end(),
                     [&](const PeerConfig& peer) { return any_contains(peer.redirect, address); });
}

// Root's file, or this machine, may have changed since that host came in: what they say now wins, and the
// host has no link.
bool stands_aside(const Pin& pin, const Bounds& bounds) {
  if (says_the_same_host(bounds.root_peers, pin.entry)) return true;
  const IpAddress& endpoint = pin.entry.endpoint.address;
  if (is_no_others(bounds, endpoint)) return true;
  if (bounds.listen && bounds.listen->address.is_v6 != endpoint.is_v6) return true;
  if (std::any_of(bounds.root_peers.begin(), bounds.root_peers.end(),
                  [&](const PeerConfig& peer) { return peer.name == pin.name; })) {
    return true;
  }
  const auto addresses = linked_addresses(pin);
  return !bounds.may_have(endpoint) ||
         !std::all_of(addresses.begin(), addresses.end(),
                      [&](const IpAddress& address) { return bounds.may_have(address); });
}

bool is_endpoint(const std::vector<PeerConfig>& peers, const IpAddress& address) {
  return std::any_of(peers.begin(), peers.end(),
                     [&](const PeerConfig& peer) { return peer.endpoint.address == address; });
}

struct Links {
  std::map<std::string, std::vector<IpAddress>> redirect;  // by host
  std::vector<IpAddress> stays_closed;
  std::set<IpAddress> of_the_past;  // closed without a link, for some host

  // What goes through a link again was closed before it: that one never begins open.
  bool was_closed(const std::vector<IpAddress>& addresses) const {
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const IpAddress& address) { return of_the_past.contains(address); });
  }
};

Links links_of(const Known& known, const Bounds& bounds, const std::set<std::string>& left_out) {
  Links links;
  std::set<IpAddress> closed;
  std::map<std::string, std::vector<IpAddress>>& linked = links.redirect;
  for (const auto& [host, pin] : known.pins) {
    links.of_the_past.insert(pin.closed.begin(), pin.closed.end());
    const auto addresses = linked_addresses(pin);
    closed.insert(addresses.begin(), addresses.end());
    if (pin.standing != Standing::in || left_out.contains(host) || stands_aside(pin, bounds)) continue;
    std::vector<IpAddress>& its = linked[host];
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(its),
                 [&](const IpAddress& address) { return is_reachable(bounds, address); });
  }
  closed.insert(links.of_the_past.begin(), links.of_the_past.end());
  // Cells to an address of another host's would be that one's unshaped traffic: no link, then.
  std::map<IpAddress, std::string> owner;
  for (const auto& [host, addresses] : linked) {
    for (const IpAddress& address : addresses) owner[address] = host;
  }
  std::erase_if(linked, [&](const auto& one) {
    const IpAddress& endpoint = known.pins.at(one.first).entry.endpoint.address;
    const auto found = owner.find(endpoint);
    if (found != owner.end()) return found->second != one.first;
    // It would have to be closed, or go through that link, and can do neither.
    return closed.contains(endpoint) &&
           (is_endpoint(bounds.root_peers, endpoint) || !is_reachable(bounds, endpoint));
  });
  std::set<IpAddress> all_linked;
  for (const auto& [host, addresses] : linked) all_linked.insert(addresses.begin(), addresses.end());
  // Where a link's cells go, nothing can be closed; what is no cell goes through that link.
  for (auto& [host, addresses] : linked) {
    const IpAddress& endpoint = known.pins.at(host).entry.endpoint.address;
    if (closed.contains(endpoint) && all_linked.insert(endpoint).second) addresses.push_back(endpoint);
  }
  for (const IpAddress& address : closed) {
    if (all_linked.contains(address) || is_own_by_roots_file(bounds, address) || is_roots(bounds, address))
      continue;
    if (!is_endpoint(bounds.root_peers, address)) links.stays_closed.push_back(address);
  }
  return links;
}

}  // namespace

std::string peer_heading(const std::string& host) {
  return fmt::format("[[peer]]  # {}\n", host);
}

bool names_host(const std::string& peers_text, const std::string& host) {
  return peers_text.find(peer_heading(host)) != std::string::npos;
}

std::string peers_text(const Known& known, const Bounds& bounds, bool joining,
                       const std::set<std::string>& left_out) {
  const Links links = links_of(known, bounds, left_out);
  std::string text =
      "# Written by cuttle-mesh from what the cluster's monitors say: do not edit. `cuttle mesh status` "
      "shows why.\n"
      "\n";
  // First, so that a file that is cut off does not count as one of fewer hosts.
  text += fmt::format("hosts = {}\n", links.redirect.size());
  text += "# Of hosts that left or were revoked; `cuttle mesh forget HOST` opens them.\n";
  text += "closed = " + enroll::toml_list(links.stays_closed) + "\n";
  for (const auto& [host, addresses] : links.redirect) {
    const bool begins_open = joining && !links.was_closed(addresses);
    text += peer_table(host, known.pins.at(host), addresses, bounds, begins_open);
  }
  return text;
}

void note_closed_here(Known& known, const Bounds& bounds) {
  const Links links = links_of(known, bounds, {});
  for (auto& [host, pin] : known.pins) {
    if (pin.was_up || pin.standing != Standing::in) continue;
    const auto found = links.redirect.find(host);
    const auto addresses = linked_addresses(pin);
    pin.was_up = found == links.redirect.end() || links.was_closed(found->second) ||
                 std::any_of(addresses.begin(), addresses.end(),
                             [&](const IpAddress& address) { return is_no_others(bounds, address); });
  }
}

std::vector<MeshProblem> own_address_problems(const Known& known, const Bounds& bounds) {
  std::vector<MeshProblem> problems;
  for (const auto& [host, pin] : known.pins) {
    if (pin.standing != Standing::in) continue;
    const auto is_here = [&](const IpAddress& address) { return is_no_others(bounds, address); };
    const IpAddress& endpoint = pin.entry.endpoint.address;
    const auto addresses = linked_addresses(pin);
    const auto found = std::find_if(addresses.begin(), addresses.end(), is_here);
    if (!is_here(endpoint) && found == addresses.end()) continue;
    const IpAddress& which = is_here(endpoint) ? endpoint : *found;
    const std::string text = which.to_string();
    const bool is_own = contains(bounds.own_addresses, which);
    const std::string what =
        is_own ? fmt::format("this machine has {} itself, an address of {}", text, host)
               : fmt::format("{} means all hosts of a network that this machine is in, and {} has it", text,
                             host);
    const std::string whose =
        is_own ? fmt::format("take {} from this machine", text)
               : fmt::format(
                     "take the address whose network ends at {} from this machine, or give it another prefix",
                     text);
    problems.push_back({kAddressTaken, host,
                        what + (is_here(endpoint) ? ": there is no link to it, and its addresses stay closed"
                                                  : ": it is in no link, and stays closed"),
                        whose + ": who gave it, `ip address` and the network's DHCP server tell"});
  }
  return problems;
}

}  // namespace cuttle::mesh
