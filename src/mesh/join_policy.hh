// What a host that joins takes over from the mesh's record and the command line, and, where it joins again,
// keeps of root's file. Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "config/config.hh"
#include "mesh/record.hh"

namespace cuttle::mesh {

// Of [mesh].
struct JoinPolicy {
  std::vector<IpPrefix> networks;
  std::optional<VerifyingKey> signing_key;
  bool joining = true;
  Duration joining_limit = MeshConfig().joining_limit;
};
struct Asked {  // on the command line; empty and none: as the record says
  std::vector<IpPrefix> networks;
  std::optional<VerifyingKey> signing_key;
};
// `before`: root's file as it stands; null: there is none. What that narrows stays as narrow; an error where
// record or command line name other networks or another key.
Result<JoinPolicy> join_policy(const Record& record, const Asked& asked, const NodeConfig* before);

// What a host that joins for the first time begins with: its links renew their preshared keys daily.
inline constexpr Duration kRenewPreshared = seconds(86'400);

// "86400 s", to the nanosecond.
std::string exact_text(Duration duration);

// What `cuttle mesh join` writes of it into [mesh]: lines, none for what is so by default.
std::string mesh_lines(const JoinPolicy& policy);

// Fails where root's file says what the one in its place would not. Addresses, rate and slot are what joining
// again is there to renew, but no address goes that this machine still has.
Result<void> check_nothing_is_lost(const NodeConfig& before, const NodeConfig& after,
                                   std::span<const IpAddress> machine);

}  // namespace cuttle::mesh
