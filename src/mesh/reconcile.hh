// From what was known and what the store says to what is known now, and what is wrong with it. The rules of
// trust are here and nowhere else (docs/mesh.md, "What a host believes"). Pure.
//
// Nothing that the store says, or no longer says, opens an address that is closed: a link ends by the host's
// own proved word or the operator's, and its addresses stay closed until root says `cuttle mesh forget`.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.hh"
#include "mesh/known.hh"
#include "mesh/owners.hh"

namespace cuttle::mesh {

struct StoreView {
  std::map<std::string, std::string> entries;  // by host, as they stand there
  std::set<std::string> revoked;
  Owners owners;

  bool operator==(const StoreView&) const = default;
};

// What root's configuration and this host itself allow.
struct Bounds {
  std::string host;
  std::vector<IpAddress> own_addresses;     // of this machine
  std::vector<IpAddress> ends_of_networks;  // that it has a part in: no host's (mesh/machine_addresses.hh)
  // Of root's file: what a link needs one of, of its own version of IP. None: as in `own`.
  std::optional<Endpoint> listen;
  std::vector<IpAddress> sources;      // node.addresses
  std::optional<Entry> own;            // what it says of itself
  std::vector<PeerConfig> root_peers;  // root's own file says these: they win
  std::vector<IpPrefix> networks;      // empty: anywhere
  std::optional<VerifyingKey> signing_key;

  bool operator==(const Bounds&) const = default;
  // Whether a host of the mesh may have that address.
  bool may_have(const IpAddress& address) const {
    return networks.empty() || any_contains(networks, address);
  }
};

// The codes that the manager's module knows: KEY_CHANGED for whoever waits for an operator's word, ENTRY for
// what is no good entry.
struct MeshProblem {
  std::string code;
  std::string host;
  std::string text;  // one line: what is wrong
  std::string fix;   // a command, or what to do

  bool operator==(const MeshProblem&) const = default;
};
inline constexpr const char kKeyChanged[] = "CUTTLE_KEY_CHANGED";
inline constexpr const char kAddressTaken[] = "CUTTLE_ADDRESS_TAKEN";
inline constexpr const char kEntryBad[] = "CUTTLE_ENTRY_BAD";
inline constexpr const char kEntryMissing[] = "CUTTLE_ENTRY_MISSING";
inline constexpr const char kEntryOld[] = "CUTTLE_ENTRY_OLD";
inline constexpr const char kNotSigned[] = "CUTTLE_NOT_SIGNED";
inline constexpr const char kRevoked[] = "CUTTLE_REVOKED";
inline constexpr const char kMonitorsAway[] = "CUTTLE_MONITORS_AWAY";
inline constexpr const char kAgent[] = "CUTTLE_AGENT";

// So many hosts, and addresses of all of them (mesh/known.hh, `held_by`), are taken in at most: an agent has
// 1,024 peers, and both the peers file and NODE.known.json stay well below what is read of them, with IPv6
// alone, too. Whatever is known beyond that stays.
inline constexpr size_t kMaxHosts = 1000;
inline constexpr size_t kMaxHeld = 8192;

struct Reconciled {
  Known known;
  std::vector<MeshProblem> problems;  // by host

  bool operator==(const Reconciled&) const = default;
};

Reconciled reconcile(const Known& before, const StoreView& view, const Bounds& bounds);

}  // namespace cuttle::mesh
