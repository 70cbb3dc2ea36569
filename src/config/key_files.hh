// The key files that a configuration names: one key each, as `cuttle genkey` and `cuttle genpsk` print them,
// and readable by their owner alone.
#pragma once

#include <optional>
#include <vector>

#include "config/config.hh"
#include "config/problem.hh"
#include "crypto/keys.hh"

namespace cuttle {

struct NodeKeys {
  PrivateKey private_key;
  std::vector<PresharedKey> preshared;  // of each peer, in the configuration's order; all zeros: none

  bool operator==(const NodeKeys&) const = default;
};

// Notes every key file that is absent, malformed or open to others, and every peer that has this node's own
// key. None when the private key is not there. Reads files.
std::optional<NodeKeys> load_key_files(const NodeConfig& config, const SourceMap& lines, Problems& problems);

}  // namespace cuttle
