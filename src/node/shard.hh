// A shard: three threads (packer, pacer, receiver) and the lanes they serve. Shards share nothing.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.hh"
#include "node/pacer_loop.hh"
#include "node/packer_loop.hh"
#include "node/receiver_loop.hh"

namespace cuttle {

struct ShardOptions {
  uint32_t number = 0;
  uint32_t shards = 1;  // of this node
  bool realtime = true;
  std::optional<uint32_t> cpu;  // of the pacer
  bool spin = false;
  Duration poll_before{};

  bool may_take_cpu() const;
  int max_pacer_percent() const;
};

class Shard {
 public:
  // The lanes and the handshakes' thread's wake-up outlive the shard. No thread runs yet.
  static Result<std::unique_ptr<Shard>> create(std::vector<Lane*> lanes, const WakeUp& handshakes,
                                               const ShardOptions& options);
  // Stops and joins.
  ~Shard();

  // Returns why the pacer has no real-time priority; empty when it has, or was not meant to.
  std::string start();
  // Before start(), of the only shard: the node relays. It outlives the shard.
  void set_relay(RelayNode& relay);
  void handle_timeout(Instant now) { receiver_->handle_timeout(now); }
  void wake_receiver() const { receiver_->wake_up(); }

  uint32_t number() const { return options_.number; }

  // While it runs: lanes more, or less, in steps, so that pacers of several shards can be waited for
  // together. A lane that was let in is paced, or let out again.
  Result<void> let_in(Lane& lane);
  void begin_pacing(std::vector<Lane*> lanes) { pacer_.begin_add(std::move(lanes)); }
  // The pacer first; after wait_for_pacer() and let_out() nothing here touches the lane.
  void begin_removing(std::vector<Lane*> lanes) { pacer_.begin_remove(std::move(lanes)); }
  void wait_for_pacer() const { pacer_.wait(); }
  void let_out(Lane& lane);

 private:
  Shard(std::unique_ptr<PackerLoop> packer, std::unique_ptr<ReceiverLoop> receiver, std::vector<Lane*> lanes,
        const ShardOptions& options);

  ShardOptions options_;
  std::unique_ptr<PackerLoop> packer_;
  std::unique_ptr<ReceiverLoop> receiver_;
  PacerLoop pacer_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace cuttle
