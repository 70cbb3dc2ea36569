// One shard of a node: the sending sides and the receiving sides that live on this reactor, and the pacer
// they share. Shards share nothing; what one has to tell another goes through smp::submit_to.
#pragma once

#include <memory>
#include <seastar/core/future.hh>
#include <seastar/core/sharded.hh>
#include <string>
#include <vector>

#include "base/result.hh"
#include "engine/receiving.hh"
#include "seastar/receiving.hh"
#include "seastar/rest.hh"
#include "seastar/sending.hh"

namespace cuttle {

class NodeShard : public seastar::peering_sharded_service<NodeShard> {
 public:
  NodeShard(Duration poll_before, const WakeUp& control) : pacer_(poll_before), control_(control) {}

  // Real-time priority for this reactor; receiving on it then rests, since what strangers send must not take
  // a CPU from everybody. Why it was refused; empty when it was not.
  std::string become_realtime();
  // The lane, of the link to `peer`, outlives its stay. `sending_shard`: where its other side is.
  Result<void> add_sending(Lane& lane, const std::string& peer);
  Result<void> add_receiving(Lane& lane, const std::string& peer, unsigned sending_shard);
  void obey(const Lane& lane);

  seastar::future<> stop();

 private:
  void handle_losses(const Lane& lane, const Losses& losses);

  Pacer pacer_;
  Rest rest_;
  Packing packing_;
  std::unique_ptr<uint8_t[]> buffer_ = std::make_unique<uint8_t[]>(kReceiveBufferBytes);
  const WakeUp& control_;
  std::vector<std::unique_ptr<Sending>> sending_;
  std::vector<std::unique_ptr<Receiving>> receiving_;
};

}  // namespace cuttle
