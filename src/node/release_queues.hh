// The release queues of a node: one for each shard and each interface that its cells leave by. Set up while
// the agent may still change the machine, then watched; where one cannot be had, or is lost, the pacers
// release by themselves and the status says why. Control thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/config.hh"
#include "node/link.hh"
#include "node/release_queue.hh"

namespace cuttle {

class ReleaseQueues {
 public:
  // An error only where the configuration insists on queues.
  Result<void> set_up(const NodeConfig& config, const std::vector<std::unique_ptr<NodeLink>>& links);

  // For the lane on that shard; null: its pacer releases by itself.
  ReleaseQueue* find(uint32_t shard, const Lane& lane) const;

  // Every two seconds: are they still there? Puts back what is missing.
  void handle_timeout(Instant now);

  // Why not all lanes have one; empty when they have.
  std::string why_not() const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    uint32_t shard;
    std::vector<uint32_t> cell_bytes;
    std::unique_ptr<ReleaseQueue> queue;
    std::string trouble;
  };

  Result<void> add(const NodeConfig& config, uint32_t shard, const std::string& underlay,
                   std::span<const uint32_t> cell_bytes);

  std::vector<Entry> entries_;
  std::string why_not_;
  Instant looked_{INT64_MIN / 2};
};

}  // namespace cuttle
