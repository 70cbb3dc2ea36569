// Watches a run and remembers what broke. It knows everything: each inner packet that was handed to a link,
// and each that came out.
//
//   1  every datagram a link sends has the link's size
//   3  no inner packet, nor a segment of one, is delivered twice, altered, out of its connection's order,
//      unsent, to the wrong node, or after its link ended
//   5  nothing leaves in the clear
//   7  nothing leaves on a link that ended
// (2 compares whole traces, wire_trace.hh; 4 and 6 are checked where the work is done, sim_node.hh.)
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/inner.hh"
#include "sim/wire_trace.hh"

namespace cuttle::sim {

struct Violation {
  int invariant;
  std::string text;
};

// What a packet means to the flow that sent it; zero for plain packets.
struct FlowMark {
  uint32_t flow = 0;
  uint32_t segment = 0;
  bool is_ack = false;
};

class Checker {
 public:
  // `look_inside`: search every datagram for plaintext, too. `in_order`: whole packets that come after later
  // ones are a violation; else they are counted.
  Checker(size_t nodes, uint32_t cell_bytes, bool look_inside, bool in_order = true);
  uint32_t cell_bytes() const { return cell_bytes_; }

  // A new inner packet: registers and makes it.
  std::vector<uint8_t> make_packet(NodeNumber source, NodeNumber destination, size_t bytes, bool is_v6,
                                   uint8_t connection = 0, FlowMark mark = {},
                                   InnerKind kind = InnerKind::bare);
  // TCP, which may come out in segments of so much payload.
  std::vector<uint8_t> make_tcp_packet(NodeNumber source, NodeNumber destination, size_t bytes, bool is_v6,
                                       uint8_t connection, size_t segment_bytes);
  // One that must never come out: it claims to come from `claimed`, which is not who sends it.
  std::vector<uint8_t> make_foreign_packet(NodeNumber claimed, NodeNumber destination, size_t bytes,
                                           bool is_v6);

  void saw_datagram(NodeNumber source, NodeNumber destination, Bytes datagram);
  // A packet, or one of its segments, came out of `node`'s link with `peer`. Its mark, when it is good.
  const FlowMark* saw_packet(NodeNumber node, NodeNumber peer, Bytes packet);
  void fail(int invariant, std::string text);

  const std::vector<Violation>& violations() const { return violations_; }
  uint64_t packets_sent() const { return packets_sent_; }
  uint64_t packets_delivered() const { return packets_delivered_; }
  uint64_t packets_disordered() const { return packets_disordered_; }
  // Of all that node `source` sent to that one.
  uint64_t bytes_delivered(NodeNumber source, NodeNumber destination) const {
    return pairs_[source * nodes_ + destination].bytes_delivered;
  }

 private:
  struct Sent {
    uint32_t bytes;
    bool is_v6;
    uint8_t connection;
    InnerKind kind = InnerKind::bare;
    size_t segment_bytes = 0;  // TCP's
    FlowMark mark = {};
    size_t came = 0;  // of its segments, none that begins before that may still come
  };
  struct Pair {
    std::vector<Sent> sent;
    std::array<uint32_t, kOrderClasses> next{};  // no number below may still come
    uint64_t bytes_delivered = 0;
  };

  std::vector<uint8_t> make(NodeNumber source, NodeNumber destination, const Sent& sent);
  Pair& pair(NodeNumber source, NodeNumber destination) { return pairs_[source * nodes_ + destination]; }

  size_t nodes_;
  uint32_t cell_bytes_;
  bool look_inside_;
  bool in_order_;
  std::vector<Pair> pairs_;
  std::vector<Violation> violations_;
  uint64_t packets_sent_ = 0;
  uint64_t packets_delivered_ = 0;
  uint64_t packets_disordered_ = 0;
};

}  // namespace cuttle::sim
