// From a configuration to links with their lanes, interfaces and sockets: the set-up half of the agent.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "config/key_files.hh"
#include "crypto/aead.hh"
#include "engine/relay_node.hh"
#include "io/clock.hh"
#include "node/doors.hh"
#include "node/key_log.hh"
#include "node/link.hh"
#include "node/node_ladder.hh"
#include "node/preshared_file.hh"
#include "node/seal_cost.hh"
#include "node/static_keys.hh"

namespace cuttle {

struct Assembly {
  const NodeConfig& config;
  const NodeKeys& keys;
  AeadBackend backend;
  SealCost sealing;
  KeyLog* key_log;                           // may be null
  StaticKeys* static_keys = nullptr;         // the same; a link takes its own out
  const PresharedFile* preshared = nullptr;  // the same; without it, preshared keys are not renewed
  size_t ports = SIZE_MAX;  // that the node holds: a link has one for each of its lanes, or is none
  const NodeLadder* ladder = nullptr;  // there where the configuration has one
  RelayNode* relay = nullptr;          // the same
};

// What the link with the configuration's i-th peer agrees its sessions with. `plan`: the slowest that it has.
AssociationConfig association_config(const Assembly& assembly, size_t i, const SlotPlan& plan);
// The keys of the link with the configuration's i-th peer.
AssociationKeys association_keys(const NodeConfig& config, const NodeKeys& keys, size_t i);

// Opens what the lanes of the link with the i-th peer go in and out by: open_doors(), or a Machine's.
using OpenDoors = std::function<Result<std::vector<LaneDoor>>(size_t i)>;

// The link with the i-th peer; no thread serves it yet.
Result<std::unique_ptr<NodeLink>> assemble_link(const Assembly& assembly, size_t i, const OpenDoors& open);

// One link per peer, in the configuration's order; no thread runs yet. A peer that the mesh names and that
// cannot be had is left out, with a line in the log.
Result<std::vector<std::unique_ptr<NodeLink>>> assemble_links(const Assembly& assembly,
                                                              const OpenDoors& open);

// The line in the log.
void note_left_out(const PeerConfig& peer, const Error& why);

// The own address that this peer's traffic comes from: the first of the peer's family.
IpAddress own_address_for(const NodeConfig& config, const IpAddress& remote);

// From the system: what a schedule or a table of pauses is drawn from.
DrawKey random_draw_key();

}  // namespace cuttle
