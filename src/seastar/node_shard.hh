// One shard of a node: the sending sides and the receiving sides that live on this reactor, and the pacer
// they share. Shards share nothing; what one has to tell another goes through smp::submit_to.
#pragma once

#include <memory>
#include <seastar/core/condition-variable.hh>
#include <seastar/core/future.hh>
#include <seastar/core/sharded.hh>
#include <string>
#include <vector>

#include "base/result.hh"
#include "seastar/reactor_throttle.hh"
#include "seastar/receiver.hh"
#include "seastar/receiving.hh"
#include "seastar/sending.hh"
#include "seastar/tasks.hh"

namespace cuttle {

class NodeShard : public seastar::peering_sharded_service<NodeShard> {
 public:
  // `polls`: the reactor never sleeps. `relay`: null where the node relays nothing; where it does, this is
  // its only shard.
  NodeShard(Duration poll_before, const WakeUp& handshakes, bool polls, RelayNode* relay);

  // Real-time priority for this reactor; receiving on it then rests, since what unknown sources send must not
  // take a CPU from everybody. Why it was refused; empty when it was not.
  std::string become_realtime();
  // One side of a lane comes, of the link to `peer`. The lane outlives its stay. `sending_shard`: where its
  // other side is.
  Result<void> add_sending(Lane& lane, const std::string& peer);
  Result<void> add_receiving(Lane& lane, const std::string& peer, unsigned sending_shard);
  void drain(const Lane& lane);
  // Whatever is here of the lane goes, once what is under way has ended. After this nothing here touches the
  // lane.
  seastar::future<> remove(Lane& lane);

  // First on all shards, then stop(): one may still be told what another lost, and who waits for a release
  // has one to wait for until then.
  seastar::future<> stop_receiving();
  seastar::future<> stop();

 private:
  void handle_losses(const Lane& lane, const Losses& losses);
  void look_beside_tuns();
  seastar::future<> look();
  void nudge_packers();
  void handle_packers();

  Pacer pacer_;
  ReactorThrottle throttle_;
  PackerStage packer_stage_;
  const WakeUp& handshakes_;
  bool polls_;
  RelayNode* relay_;
  MonotonicClock clock_;
  seastar::timer<> look_timer_;
  seastar::condition_variable look_asked_;
  bool is_look_asked_ = false;
  bool stopping_ = false;
  Tasks tasks_;
  std::unique_ptr<Receiver> receiver_;  // once a lane has come
  std::vector<std::unique_ptr<Sending>> sending_;
  std::vector<std::unique_ptr<Receiving>> receiving_;
};

}  // namespace cuttle
