// The queues that keep time for a node, where the machine is changed (local_machine.hh): one for each shard
// and each interface that its cells leave by. Set up at the start, then looked after.
//
// One thread.
#pragma once

#include <memory>
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
  // Puts back what is missing; what cannot be looked at is left as it is. In the order of the doors.
  std::vector<QueueLook> look();
  // Whether cells that leave by this interface go through a queue.
  bool is_on(const std::string& underlay) const;

 private:
  struct Entry {
    std::unique_ptr<ClockDevice> device;
    PauseTable table;
    std::string trouble;      // why it could not be put back
    std::string cannot_look;  // why, once said
  };

  Result<QueueDoor> add(const NodeConfig& config, uint32_t shard, const std::string& underlay,
                        std::span<const uint32_t> cell_bytes);

  std::vector<Entry> entries_;
  uint32_t user_ = 0;
};

}  // namespace cuttle
