// The queues that keep time for a node, where the machine is changed (local_machine.hh): one for each shard
// and each interface that its cells leave by. Set up at the start, then looked after.
//
// One thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "io/clock_device.hh"
#include "node/queue_door.hh"

namespace cuttle {

class ClockDevices {
 public:
  // In place of what an earlier run left; once. An error only where the configuration insists on queues.
  // `user`: who owns the lanes' sockets.
  Result<QueueDoors> set_up(const NodeConfig& config, uint32_t user);
  // Puts back what is missing; what cannot be looked at is left as it is. Moves a queue along when the way to
  // all whose cells leave by it goes by another interface now. In the order of the doors. `config`: in force.
  // `underlays`: by peer, the interface whose queues its lanes use, which then is the new one.
  std::vector<QueueLook> look(const NodeConfig& config, std::map<std::string, std::string>& underlays);

 private:
  struct Entry {
    std::unique_ptr<ClockDevice> device;
    PauseTable table;
    std::string trouble;      // why it could not be put back
    std::string cannot_look;  // why, once said
  };

  Result<QueueDoor> add(const NodeConfig& config, uint32_t shard, const std::string& underlay,
                        std::span<const uint32_t> cell_bytes);

  // To whom the cells go that leave by the queues of an interface, and by which they would leave now.
  struct Ways {
    std::set<std::string> interfaces;
    std::string example;  // a peer and where its cells go
  };
  static Ways ways_from(const std::string& underlay, const NodeConfig& config,
                        const std::map<std::string, std::string>& underlays);
  static QueueLook look(Entry& entry, const Ways& ways);
  static void put_back(Entry& entry, const Result<void>& restored, QueueLook& look);

  std::vector<Entry> entries_;
  uint32_t user_ = 0;
};

}  // namespace cuttle
