// A flow that behaves as TCP does as far as it matters here: a window, cumulative acknowledgements,
// retransmission by the clock with doubling intervals and after three repeated acknowledgements. It must
// finish whatever the network did, once the network stops doing it.
#pragma once

#include <set>

#include "sim/load.hh"

namespace cuttle::sim {

struct FlowShape {
  uint32_t number;  // from 1
  NodeNumber source;
  NodeNumber destination;
  uint32_t segments;
  uint32_t segment_bytes;
  Duration first_timeout;
  Duration longest_timeout;
  bool has_checksums;  // made by the host, or left to be made, in turn
};

class Flow {
 public:
  Flow(EventLoop& loop, PacketSink& sink, Checker& checker, const FlowShape& shape);

  // A packet of this flow came out somewhere.
  void handle_packet(const FlowMark& mark);
  bool finished() const { return acknowledged_ == shape_.segments; }
  uint32_t acknowledged() const { return acknowledged_; }

 private:
  void send(NodeNumber source, NodeNumber destination, size_t bytes, FlowMark mark);
  uint8_t connection() const { return static_cast<uint8_t>(shape_.number % kConnections); }
  void send_segment(uint32_t segment);
  void send_ack();
  void handle_segment(uint32_t segment);
  void handle_ack(uint32_t next_wanted);
  void fill_window();
  void arm();
  void timed_out(uint64_t timer);

  EventLoop& loop_;
  PacketSink& sink_;
  Checker& checker_;
  FlowShape shape_;
  // At the source.
  uint32_t acknowledged_ = 0;  // segments before this one have arrived
  uint32_t sent_ = 0;
  uint32_t repeated_acks_ = 0;
  Duration timeout_;
  uint64_t timer_ = 0;
  // At the destination.
  uint32_t wanted_ = 0;
  std::set<uint32_t> early_;
};

}  // namespace cuttle::sim
