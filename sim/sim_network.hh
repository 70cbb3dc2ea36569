// The network between the nodes, and whoever sits in it: loses, doubles, delays, reorders, bends and replays
// datagrams, cuts links, and sends what an unknown source might. All from its own seed; what it does to a
// datagram depends on how many there were before, never on what is in it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/random.hh"
#include "link/handshake_mac.hh"
#include "sim/checker.hh"
#include "sim/event_loop.hh"

namespace cuttle::sim {

struct Faults {
  double loss = 0;
  double duplication = 0;
  double reordering = 0;  // this share is held back by up to `reorder_by`
  double corruption = 0;
  double replay = 0;                  // this share is sent again later, up to a second
  double unknown_sources_per_ms = 0;  // datagrams that no node sent
  double initiations_per_ms =
      0;  // that no node sent either, with the right mac1: somebody knows a public key
  Duration reorder_by{};
  Duration jitter{};  // every datagram's delay varies so much

  bool any() const {
    return loss > 0 || duplication > 0 || reordering > 0 || corruption > 0 || replay > 0 ||
           unknown_sources_per_ms > 0 || initiations_per_ms > 0;
  }
};

class SimNetwork {
 public:
  using SharedBytes = std::shared_ptr<const std::vector<uint8_t>>;
  // Called when a datagram of that lane arrives.
  using Arrival =
      std::function<void(NodeNumber source, NodeNumber destination, uint8_t lane, SharedBytes bytes)>;

  SimNetwork(EventLoop& loop, uint64_t seed, size_t nodes, uint8_t lanes, Duration delay, Checker& checker,
             WireTrace& trace);

  void set_arrival(Arrival arrival) { arrival_ = std::move(arrival); }
  void set_faults(const Faults& faults) { faults_ = faults; }
  // Unknown sources send from now until then. `keys`: the nodes' public keys, which one of them knows.
  void let_unknown_sources_send(Instant until, const std::vector<PublicKey>& keys);
  // Nothing passes between the two, in either direction, until healed.
  void cut(NodeNumber a, NodeNumber b, bool is_cut);
  // What is sent from a to b from now on takes so much longer.
  void hold(NodeNumber a, NodeNumber b, Duration by) { held_[path(a, b)] = by; }

  // From a node's socket, now.
  void send(NodeNumber source, NodeNumber destination, uint8_t lane, Bytes datagram);

 private:
  // One lane's flow from one node to another.
  struct Way {
    NodeNumber source;
    NodeNumber destination;
    uint8_t lane;
  };
  void deliver(Way way, SharedBytes bytes, Duration delay);
  Duration draw_delay(Random& random);
  void unknown(Instant until);
  void send_unknown();
  void flood(Instant until);
  size_t path(NodeNumber source, NodeNumber destination) const { return source * nodes_ + destination; }

  EventLoop& loop_;
  size_t nodes_;
  uint8_t lanes_;
  Duration delay_;
  Checker& checker_;
  WireTrace& trace_;
  Arrival arrival_;
  Faults faults_;
  std::vector<Random> fates_;  // of each path
  std::vector<bool> cut_;
  std::vector<Duration> held_;  // on each path
  Random unknown_source_;
  Random flooder_;
  std::vector<HandshakeMac> macs_;  // of handshakes to each node
  NodeNumber flooded_ = 0;
  struct Heard {
    Way way;
    SharedBytes bytes;
  };
  std::deque<Heard> heard_;              // the latest
  std::vector<Heard> heard_handshakes_;  // the first
};

}  // namespace cuttle::sim
