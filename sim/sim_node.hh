// A node on virtual time lines: the engine's own lanes and links (src/engine), run as the native driver and
// the agent run them, by a packer, a pacer, a receiver and the thread of the handshakes. Here is only when
// which of these runs, and what it costs. The pacer has a core of its own, as SCHED_FIFO gives it one; the
// others have one each, or share one, and then the work of each delays the others.
//
// Checked here, on every call into the data path: it allocates nothing, whoever sent what it handles
// (invariants 4 and 6).
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/ladder_control.hh"
#include "engine/lane_handover.hh"
#include "engine/link_control.hh"
#include "engine/paced_lanes.hh"
#include "engine/pacing.hh"
#include "engine/packer_stage.hh"
#include "engine/relay_node.hh"
#include "engine/release_queue.hh"
#include "sim/cost_model.hh"
#include "sim/scenario.hh"
#include "sim/sim_device.hh"
#include "sim/sim_socket.hh"
#include "sim/sim_thread.hh"

namespace cuttle::sim {

struct SimPeer {
  NodeNumber number;
  AssociationKeys keys;
  bool reading;  // this host takes what comes from it
};

struct NodeSetup {
  NodeNumber number = 0;
  PublicKey own_key;
  wire::CellFormat format;
  SlotPlan plan{};
  std::optional<SlotPlan> other_plan{};  // by calendar or ladder
  std::optional<Calendar> calendar{};
  std::array<uint64_t, 2> rates_bps{};  // of both plans
  std::optional<ladder::Settings> ladder{};
  uint8_t lanes = 1;  // of each link
  SimClock clock;
  CostModel cost;
  Mutant mutant = Mutant::none;
  bool shared_core = false;
  bool by_queue = false;     // a queue keeps time, not the pacer
  bool by_instants = false;  // and it is one that reads instants
  bool relays = false;       // for others
  uint64_t seed = 0;         // of keys, SPIs and jitter; another one each time the node is started
  std::vector<SimPeer> peers;
};

class SimNode {
 public:
  struct World {
    EventLoop& loop;
    SimNetwork& network;
    Checker& checker;
    AllocationProbe probe;
    // A good packet came out of the link with `peer` and was read.
    std::function<void(NodeNumber node, NodeNumber peer, Bytes packet)> delivered;
    // When a link begins.
    std::function<SimPeer(NodeNumber node, NodeNumber peer)> peer;
  };

  // Starts at once.
  SimNode(World world, NodeSetup setup);
  // As when the process is killed: nothing that was queued happens.
  ~SimNode();
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  // --- the network's side
  void receive(NodeNumber source, uint8_t lane, SimNetwork::SharedBytes bytes);

  // --- the host's side
  bool has_link(NodeNumber peer) const { return find_link(peer) != nullptr; }
  // Packets that the TUN interface's fullest queue can still take; none where there is no link.
  size_t queue_room(NodeNumber peer) const;
  // As the kernel does, by its connection to the queue of one lane.
  void send_packet(NodeNumber peer, HostPacket packet);
  // Whether this host takes what comes from the peer; where not, it is dropped at the TUN.
  void set_reading(NodeNumber peer, bool reading);

  // Somebody sets the wall clock.
  void set_wall_clock(Duration offset) { setup_.clock.wall_offset = offset; }
  // A reload: other keys of that link.
  void set_keys(NodeNumber peer, const AssociationKeys& keys);
  // A reload: these links end, and then those begin. Several take their turns.
  struct LinkChange {
    std::vector<NodeNumber> leaving;
    std::vector<NodeNumber> coming;
  };
  void apply_reload(LinkChange change);
  // Something keeps a thread from running for so long.
  void pause(ThreadName thread, Duration duration);
  // The queue that keeps time is emptied, its bucket full.
  void reset_queue();

  bool up(NodeNumber peer) const;
  // Over the link with that peer, for others or as this node's overflow.
  uint64_t packets_passed_on(NodeNumber peer) const {
    const RelayPost* relay = link_of(peer).control.lane(0).relay.get();
    return relay == nullptr ? 0 : relay->counters.passed_on.value();
  }
  const RelayCounters& relay_counters(NodeNumber peer) const {
    return link_of(peer).control.lane(0).relay->counters;
  }
  const Association& association(NodeNumber peer) const { return link_of(peer).control.association(); }

 private:
  struct Link;
  // A lane with what its surroundings and the loops know of it.
  struct SimLane {
    Lane* lane;
    SimDevice* device;
    SimSocket* socket;
    Link* link;
    bool has_packer = false;
    bool has_receiver = false;
    PackerStage::Outcome outcome = PackerStage::Outcome::drained;
    Instant packing_until{INT64_MIN};
    bool is_received = false;  // its receiver has been given work
    bool has_orders = false;   // from the handshakes' thread, for its receiver
  };
  struct Link final : LadderLink {
    Link(NodeNumber number, AssociationConfig config, Entropy entropy)
        : peer(number), control(std::move(config), best_aead_backend(), std::move(entropy)) {}
    std::optional<wire::LadderMessage> poll_ladder() override { return control.poll_ladder(); }
    bool is_of_peer(uint64_t number) const override { return control.is_of_peer(number); }
    bool poll_restored() override { return control.poll_restored(); }
    void send_ladder(const wire::LadderMessage& message) override { control.send_ladder(message); }
    double poll_needed_bps(Duration since_last) override { return control.poll_needed_bps(since_last); }
    CellsLost poll_lost() override { return control.poll_lost(); }
    uint32_t told_step() const override { return control.told_step(); }
    void change_step(const ChangeStep& change) override { control.change_step(change); }
    NodeNumber peer;
    LinkControl control;
    std::vector<SimLane*> lanes;
    bool reading = true;
    bool in_service = true;  // the handshakes' thread has it
  };

  Link& add_link(const SimPeer& peer);
  SlotSteps steps() const;
  std::unique_ptr<Lane> make_lane(const SimPeer& peer, size_t index, uint8_t lane, SimLane& sim);
  SimLane& sim_of(const Lane& lane) const;
  Link* find_link(NodeNumber peer) const;  // null: there is none
  Link& link_of(NodeNumber peer) const;
  Instant local_now() const { return host_.local_now(); }
  // Calls `what` then, unless the node is gone.
  template <typename What>
  void at(Instant when, What what) {
    world_.loop.at(when, [alive = alive_, what = std::move(what)]() mutable {
      if (*alive) what();
    });
  }
  // Runs `work` of the data path; it may not allocate.
  template <typename Work>
  auto guarded(const char* what, Work work);

  // Each thread in a source of its own: sim_packer.cc, sim_pacer.cc, sim_receiver.cc, sim_handshakes.cc; and
  // reloads in sim_reload.cc.
  void kick_packer();
  void take_packers_change();
  Duration begin_packing();
  void relay_for_others();
  void await_relays();
  void end_packing();
  void look_again(SimLane& sim);
  void pack_all(Lane& lane, Duration& cost);

  void await_slot();
  void slot(Lane& lane, const SlotWake& wake);
  void end(Lane& lane, const BegunSlot& slot);

  void kick_receiver(SimLane& sim);
  void kick_receivers_change();
  Duration receive(SimLane& sim);
  void received(SimLane& sim);
  void hand_over(SimLane& sim);

  void await_handshakes();
  void kick_handshakes();
  void follow_ladder();
  Duration begin_handshakes();
  void end_handshakes();

  void begin_change();
  void let_out();
  void exchange_links();
  void let_in();
  void change_done();
  void await_loops(Instant earliest, void (SimNode::*then)());
  std::vector<Lane*> lanes_of(const std::vector<NodeNumber>& peers) const;

  World world_;
  NodeSetup setup_;
  Allocations allocations_;
  std::optional<SimQueue> queue_;
  std::optional<SimInstantQueue> instant_queue_;
  SimHost host_;
  SimQueueDevice queue_device_;
  std::optional<ReleaseQueue> release_queue_;
  std::optional<LadderControl> ladder_;
  std::optional<RelayNode> relay_;
  std::vector<std::unique_ptr<Link>> links_;
  // What ended stays, closed, so that whoever still uses it is seen.
  std::vector<std::unique_ptr<Link>> ended_links_;
  std::vector<std::unique_ptr<SimLane>> lanes_;  // of all links, also those that ended
  size_t links_begun_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::unique_ptr<SimThread> packer_;
  std::unique_ptr<SimThread> receiver_own_;
  std::unique_ptr<SimThread> handshakes_own_;
  SimThread* receiver_;
  SimThread* handshakes_;

  PackerStage packer_stage_;
  bool packer_works_ = false;
  std::vector<SimLane*> packed_;  // the packer's
  size_t packing_turn_ = 0;
  SimLane* packing_lane_ = nullptr;
  std::optional<PackerStage::Begun> packing_begun_;
  PacedLanes paced_;
  Instant pacer_free_{INT64_MIN};
  bool handshakes_wait_ = false;
  Instant handshakes_began_{};  // its current round
  uint64_t handshakes_round_ = 0;
  std::unique_ptr<uint8_t[]> buffer_;
  bool woke_handshakes_ = false;  // the receiver's current work did
  bool woke_packer_ = false;      // the same

  std::deque<LinkChange> changes_;  // the first of them is being made
  LaneHandover pacers_change_;
  LaneHandover packers_change_;
  LaneHandover receivers_change_;
};

template <typename Work>
auto SimNode::guarded(const char* what, Work work) {
  const uint64_t before = allocations_.now();
  auto result = work();
  if (allocations_.now() != before) {
    world_.checker.fail(6, std::string("node ") + std::to_string(setup_.number) + " allocated in " + what);
  }
  return result;
}

}  // namespace cuttle::sim
