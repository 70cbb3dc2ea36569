// What the hosts want to send: drawn from a payload seed of its own, so that a pair of runs can differ in
// nothing else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.hh"
#include "sim/checker.hh"
#include "sim/event_loop.hh"
#include "sim/host_packet.hh"

namespace cuttle::sim {

enum class Load { idle, trickle, bulk, bursts, every_size };
inline constexpr Load kLoads[] = {Load::idle, Load::trickle, Load::bulk, Load::bursts, Load::every_size};
const char* load_name(Load load);

// One direction of one link.
struct DirectedLoad {
  NodeNumber source;
  NodeNumber destination;
  Load load;
  Instant stops_reading = Instant::never();  // the destination's host does
  Instant reads_again = Instant::never();
  bool offloads = false;  // the source's kernel leaves checksums to be made, and TCP to be cut
};

// For each ordered pair of nodes one; `variant` steers towards a kind of payload, so that pairs of runs
// differ as much as they can: 0 all idle, 1 all busy, 2 one busy and the others idle, else as it comes.
std::vector<DirectedLoad> draw_loads(uint64_t payload_seed, size_t nodes, unsigned variant, Instant end);
std::string describe(const std::vector<DirectedLoad>& loads);

// The side of a host that sends: where its packets go.
class PacketSink {
 public:
  virtual ~PacketSink() = default;
  // How many packets the queue towards `destination` still takes; 0 where the node is down.
  virtual size_t queue_room(NodeNumber source, NodeNumber destination) = 0;
  virtual void send_packet(NodeNumber source, NodeNumber destination, HostPacket packet) = 0;
};

// Keeps one direction loaded until `end`.
class LoadSource {
 public:
  LoadSource(EventLoop& loop, PacketSink& sink, Checker& checker, const DirectedLoad& load, Duration slot,
             size_t slot_bytes, uint64_t seed, Instant end);

 private:
  void again(Duration delay);
  void step();
  // False when the queue is full.
  bool send(size_t bytes);
  size_t draw_bulk_bytes();
  HostPacket draw_packet(size_t bytes, bool is_v6, uint8_t connection);
  HostPacket draw_offloaded(size_t bytes, bool is_v6, uint8_t connection);

  EventLoop& loop_;
  PacketSink& sink_;
  Checker& checker_;
  DirectedLoad load_;
  Duration slot_;
  size_t slot_bytes_;  // that the link carries in one
  Random random_;
  Instant end_;
  size_t next_size_ = 0;
  int64_t bulk_bytes_ = 0;  // that may be sent now
};

}  // namespace cuttle::sim
