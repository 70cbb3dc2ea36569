// A running agent takes on another configuration: links come, go, or change their keys, and those that stay
// the same notice nothing. What belongs to a peer that stays is closed throughout: its blackholes and guard
// are never taken away, only its link is missing for a moment where it has to start anew.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "config/key_files.hh"
#include "io/udp.hh"
#include "node/assemble.hh"
#include "node/driver.hh"
#include "node/handshake_loop.hh"
#include "node/link.hh"
#include "node/machine.hh"
#include "node/reload_plan.hh"

namespace cuttle {

// What the agent runs, which changes with it.
struct InService {
  NodeConfig& config;
  NodeKeys& keys;
  std::vector<std::unique_ptr<NodeLink>>& links;
  std::vector<UnknownSourceSocket>& unknown_sources;
  OpenPeers& open;
  Machine& machine;  // which has read `wanted`
  Driver& driver;
  HandshakeLoop& handshakes;  // of `links`, and of no others
  AeadBackend backend;
  SealCost sealing;
  KeyLog* key_log;                 // may be null
  const PresharedFile* preshared;  // the same
  NodeLadder* ladder;              // the same
  RelayNode* relay;                // the same
  std::function<void()> alive;     // called between any two steps: a change of many links may take a while
};

// `changes`: compare_links() of the two. The links that are to be added are made first; should one of root's
// own fail that is new in the file, nothing has changed: an error. Otherwise the change is in force, and what
// it returns says what could not be done, a line each: such a link's traffic waits, and the next change tries
// again (RunningAgent::retry_links).
Result<std::vector<std::string>> apply_reload(const InService& in, const NodeConfig& wanted,
                                              const NodeKeys& keys, const ReloadPlan& changes);

}  // namespace cuttle
