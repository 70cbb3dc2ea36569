// What a run is made of: nodes that start, crash and start again, the network, the loads and flows of the
// hosts.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sim/flow.hh"
#include "sim/run.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

class World final : public PacketSink {
 public:
  World(const Scenario& scenario, const RunOptions& options);

  RunResult run();

  size_t queue_room(NodeNumber source, NodeNumber destination) override;
  void send_packet(NodeNumber source, NodeNumber destination, HostPacket packet) override;

 private:
  void start(NodeNumber number);
  void plan_faults();
  void plan_key_change(const KeyChange& change);
  void tell_keys(NodeNumber node);
  AssociationKeys keys_of(NodeNumber own, NodeNumber peer) const;
  SimPeer peer_of(NodeNumber own, NodeNumber peer) const;
  void reload(const Reload& reload);
  void plan_reading(const DirectedLoad& load);
  void start_flows();
  void probe_links();
  void check_liveness();
  size_t path(NodeNumber source, NodeNumber destination) const {
    return source * scenario_.nodes + destination;
  }
  void delivered(NodeNumber node, NodeNumber peer, Bytes packet);

  const Scenario& scenario_;
  RunOptions options_;
  std::optional<SlotPlan> other_plan_;
  SlotPlan plan_{};
  EventLoop loop_;
  RunResult result_;
  Checker checker_;
  SimNetwork network_;
  // Of each node: its key, and what the others know of it.
  std::vector<PrivateKey> keys_;
  std::vector<PublicKey> known_;
  std::vector<std::optional<PublicKey>> known_next_;
  std::vector<SimClock> clocks_;  // as they go now
  std::vector<uint64_t> incarnations_;
  std::vector<std::unique_ptr<SimNode>> nodes_;  // null while down
  std::vector<std::unique_ptr<LoadSource>> sources_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<bool> not_reading_;
  std::vector<bool> linked_;      // of each pair, whether the first one's configuration has the link
  std::vector<uint32_t> probed_;  // of each pair, how many lanes' last packets arrived
};

}  // namespace cuttle::sim
