// Queues that are the machine's own and read from each train when to let it go (io/instant_queue.hh), for
// `release = "txtime"`: looked at, never set up. Where the machine is changed, as clock_devices.hh.
//
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "engine/instant_rules.hh"
#include "node/queue_door.hh"

namespace cuttle {

// Why the queue of the interface by which cells to that peer leave does not let them go at their instants, in
// one line with what would help; empty where it does.
std::string why_no_instants(const NodeConfig& config, const PeerConfig& peer, const std::string& underlay);

// Which queue, by which clock, each interface that cells leave by has for them; one line each.
std::vector<std::string> describe_instant_queues(const NodeConfig& config);

class InstantQueues {
 public:
  // One for each shard and each interface that cells leave by; once. An error where one of root's own peers
  // can have none.
  Result<QueueDoors> find(const NodeConfig& config);
  // Do they still, and are they still where the cells leave? In the order of the doors. `config`: in force.
  // `underlays`: by peer, the interface by which its cells left at first.
  std::vector<QueueLook> look(const NodeConfig& config, const std::map<std::string, std::string>& underlays);

 private:
  struct Interface {
    InstantRules rules;  // at the start
    std::string why_not;
    uint64_t dropped = 0;       // packets, by its queue, since the start
    uint64_t last_dropped = 0;  // since the queue was set up
  };

  void look_at(const std::string& underlay, Interface& interface);

  std::vector<std::string> underlays_;           // one a door
  std::map<std::string, Interface> interfaces_;  // by name
};

}  // namespace cuttle
