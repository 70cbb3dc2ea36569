// A node as the native agent is built (src/node), on virtual time lines: packer, pacer, receiver and control
// thread, the rings between them, a queue where the TUN interface has one. The pacer has a core of its own,
// as SCHED_FIFO gives it one; the others have one each, or share one, and then the work of each delays the
// others.
//
// Checked here, on every call into the core: what handles datagrams and slots allocates nothing (invariant
// 6), and neither does what turns a stranger's handshake away (invariant 4).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/keys.hh"
#include "link/association.hh"
#include "link/lane_keys.hh"
#include "link/packer.hh"
#include "link/queue_clock.hh"
#include "link/receiver.hh"
#include "link/sender.hh"
#include "link/turn_sequences.hh"
#include "sim/cost_model.hh"
#include "sim/sim_clock.hh"
#include "sim/sim_network.hh"
#include "sim/sim_queue.hh"
#include "sim/sim_thread.hh"

namespace cuttle::sim {

// How many allocations the process made so far. Where nobody counts, always 0.
using AllocationProbe = uint64_t (*)();

struct NodeSetup {
  NodeNumber number = 0;
  wire::CellFormat format;
  SlotPlan plan{};
  SimClock clock;
  CostModel cost;
  Mutant mutant = Mutant::none;
  bool shared_core = false;
  bool by_queue = false;  // a queue keeps time, not the pacer
  uint64_t seed = 0;      // of keys, SPIs and jitter; another one each time the node is started
  PrivateKey own_key;
  std::vector<std::pair<NodeNumber, PublicKey>> peers;
};

class SimNode {
 public:
  struct Host {
    EventLoop& loop;
    SimNetwork& network;
    Checker& checker;
    AllocationProbe probe;
    // A good packet came out of the link with `peer` and was read.
    std::function<void(NodeNumber node, NodeNumber peer, Bytes packet)> delivered;
  };

  // Starts at once.
  SimNode(Host host, NodeSetup setup);
  // As when the process is killed: nothing that was queued happens.
  ~SimNode();
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  // --- the network's side
  void receive(NodeNumber source, Bytes datagram);

  // --- the host's side
  // Packets that the TUN interface's queue can still take.
  size_t queue_room(NodeNumber peer) const;
  // Dropped when the queue is full, as a queue discipline does.
  void send_packet(NodeNumber peer, std::vector<uint8_t> packet);
  // Whether this host takes what comes from the peer; where not, it is dropped at the TUN.
  void set_reading(NodeNumber peer, bool reading);

  // Somebody sets the wall clock.
  void set_wall_clock(Duration offset) { setup_.clock.wall_offset = offset; }

  // Something keeps the pacer from running for so long.
  void pause_pacer(Duration duration);

  bool up(NodeNumber peer) const;
  const Association& association(NodeNumber peer) const;

 private:
  struct Forget {
    uint64_t session;
  };
  struct Stop {};
  struct Stamped {
    std::vector<uint8_t> cell;
    Instant stamp;
  };
  struct Link {
    Link(const NodeSetup& setup, size_t index, Instant epoch);

    NodeNumber peer;
    SlotRing ring;
    Packer packer;
    LaneSender sender;
    LaneReceiver receiver;
    Association association;
    std::deque<std::vector<uint8_t>> tun_queue;
    bool reading = true;
    Instant packing_until{INT64_MIN};
    // Between the threads.
    std::deque<std::variant<Stop, SendKey>> to_pacer;
    std::deque<std::variant<Forget, ReceiveKey>> to_receiver;
    std::deque<Stamped> handshakes_in;
    std::deque<Stamped> handshakes_out;
    uint64_t confirmed_session = 0;
    uint64_t told_session = 0;
  };

  Link& link_of(NodeNumber peer);
  const Link& link_of(NodeNumber peer) const;
  Instant local_now() const { return setup_.clock.local(host_.loop.now()); }
  // Runs `work` of the data path; it may not allocate.
  template <typename Work>
  auto guarded(const char* what, Work work);

  // Each in a source of its own: sim_packer.cc, sim_pacer.cc, sim_receiver.cc, sim_control.cc.
  void kick_packer();
  Duration begin_packing();
  void end_packing();
  void copy_into_room(Link& link);
  void pack_all(Link& link, Duration& cost);

  void await_slot();
  void seal(Link& link);
  void release(Link& link, Train train, bool idle);
  void hand_over(Link& link, Train train, bool idle);
  void send_later(Link& link, const Train& train, size_t first, size_t count, Instant when);
  void obey(Link& link);
  Duration seal_lead() const;

  void obey_receiver(Link& link);
  Duration open(Link& link, Instant arrived, Bytes datagram);
  void deliver(Link& link, const std::vector<std::vector<uint8_t>>& packets);

  void await_tick();
  void kick_control();
  Duration control();
  void control_done();
  void confirm(Link& link);
  void take_out(Link& link);

  Host host_;
  NodeSetup setup_;
  TurnSequences turns_;
  std::vector<std::unique_ptr<Link>> links_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::unique_ptr<SimThread> packer_;
  std::unique_ptr<SimThread> receiver_own_;
  std::unique_ptr<SimThread> control_own_;
  SimThread* receiver_;
  SimThread* control_;

  bool packing_ = false;
  size_t packing_link_ = 0;
  std::vector<iovec> room_;
  size_t pieces_ = 0;
  Instant pacer_free_{INT64_MIN};
  std::optional<QueueClock> queue_clock_;  // the pacer's idea of the queue
  SimQueue queue_;                         // and the queue
  bool control_waits_ = false;
  std::vector<std::function<void()>> control_results_;
  // What the receiver's current work found.
  std::vector<std::vector<uint8_t>> opened_;
  Received received_ = Received::dropped;
};

template <typename Work>
auto SimNode::guarded(const char* what, Work work) {
  const uint64_t before = host_.probe();
  auto result = work();
  if (host_.probe() != before) {
    host_.checker.fail(6, std::string("node ") + std::to_string(setup_.number) + " allocated in " + what);
  }
  return result;
}

}  // namespace cuttle::sim
