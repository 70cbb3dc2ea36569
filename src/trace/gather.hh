// One operation from beginning to end: run the client, ask the OSDs and the agents, put it all together.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.hh"
#include "trace/cluster.hh"
#include "trace/step.hh"
#include "trace/traced_client.hh"

namespace cuttle::trace {

struct GatherOptions {
  ClientOptions client;
  OperationWanted wanted;
  std::vector<std::string> agent_sockets;  // of agents whose links are reported
  bool widen_histories = true;
  std::string keep;  // folder for the last operation's observation; empty: none
};

// `count` operations, one after the other, each by a client of its own; each within the time-out. Fails when
// a client could not run at all. Stops behind the first operation that fails.
Result<std::vector<Trace>> gather(const GatherOptions& options, int count);

}  // namespace cuttle::trace
