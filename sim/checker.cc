#include "sim/checker.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hh"

namespace cuttle::sim {

namespace {

constexpr size_t kMaxViolations = 20;

// What begins there of what was sent: all of it, or a segment; empty where no segment begins.
std::vector<uint8_t> as_sent(const InnerId& id, size_t bytes, size_t segment_bytes, size_t from) {
  if (id.kind != InnerKind::tcp) return make_inner(id, bytes);
  const size_t payload = payload_of(id, bytes);
  if (from % segment_bytes != 0 || from > payload) return {};
  return make_tcp_segment(id, bytes, from, std::min(segment_bytes, payload - from));
}

}  // namespace

Checker::Checker(size_t nodes, uint32_t cell_bytes, bool look_inside, bool in_order)
    : nodes_(nodes),
      cell_bytes_(cell_bytes),
      look_inside_(look_inside),
      in_order_(in_order),
      pairs_(nodes * nodes) {}

std::vector<uint8_t> Checker::make(NodeNumber source, NodeNumber destination, const Sent& sent) {
  Pair& flow = pair(source, destination);
  const InnerId id{source,     destination,     static_cast<uint32_t>(flow.sent.size()),
                   sent.is_v6, sent.connection, sent.kind};
  flow.sent.push_back(sent);
  ++packets_sent_;
  return make_inner(id, sent.bytes);
}

std::vector<uint8_t> Checker::make_packet(NodeNumber source, NodeNumber destination, size_t bytes, bool is_v6,
                                          uint8_t connection, FlowMark mark, InnerKind kind) {
  return make(source, destination,
              {.bytes = static_cast<uint32_t>(bytes),
               .is_v6 = is_v6,
               .connection = connection,
               .kind = kind,
               .mark = mark});
}

std::vector<uint8_t> Checker::make_tcp_packet(NodeNumber source, NodeNumber destination, size_t bytes,
                                              bool is_v6, uint8_t connection, size_t segment_bytes) {
  return make(source, destination,
              {.bytes = static_cast<uint32_t>(bytes),
               .is_v6 = is_v6,
               .connection = connection,
               .kind = InnerKind::tcp,
               .segment_bytes = segment_bytes});
}

std::vector<uint8_t> Checker::make_foreign_packet(NodeNumber claimed, NodeNumber destination, size_t bytes,
                                                  bool is_v6) {
  return make_inner({claimed, destination, 0, is_v6}, bytes);
}

void Checker::saw_datagram(NodeNumber source, NodeNumber destination, Bytes datagram) {
  if (datagram.size() != cell_bytes_) {
    fail(1, fmt::format("node {} sent {} bytes to node {}, not {}", source, datagram.size(), destination,
                        cell_bytes_));
  }
  if (look_inside_ && shows_plaintext(datagram)) {
    fail(5, fmt::format("a datagram from node {} to node {} shows plaintext", source, destination));
  }
}

const FlowMark* Checker::saw_packet(NodeNumber node, NodeNumber peer, Bytes packet) {
  const auto id = parse_inner(packet);
  if (!id || id->source != peer || id->destination != node) {
    fail(3, fmt::format("node {} got from node {} a packet that is not for it", node, peer));
    return nullptr;
  }
  Pair& flow = pair(id->source, id->destination);
  if (id->number >= flow.sent.size()) {
    fail(3, fmt::format("node {} got from node {} packet {}, which was never sent", node, peer, id->number));
    return nullptr;
  }
  Sent& sent = flow.sent[id->number];
  const InnerId wanted{id->source, id->destination, id->number, sent.is_v6, sent.connection, sent.kind};
  const size_t place = place_of(*id, packet);
  const auto bytes = as_sent(wanted, sent.bytes, sent.segment_bytes, place);
  if (!std::equal(packet.begin(), packet.end(), bytes.begin(), bytes.end())) {
    fail(3, fmt::format("node {} got from node {} packet {} altered", node, peer, id->number));
    return nullptr;
  }
  if (place < sent.came) {
    fail(3, fmt::format("node {} got from node {} packet {} twice", node, peer, id->number));
    return nullptr;
  }
  uint32_t& next = flow.next[order_class(*id, packet.size())];
  if (id->number < next && !in_order_) {
    ++packets_disordered_;
  } else if (id->number < next) {
    fail(3, fmt::format("node {} got from node {} packet {} after a later one", node, peer, id->number));
  }
  if (sent.came == 0) ++packets_delivered_;
  sent.came = place + 1;
  flow.bytes_delivered += packet.size();
  next = std::max(next, id->number);
  return &sent.mark;
}

void Checker::fail(int invariant, std::string text) {
  if (violations_.size() < kMaxViolations) violations_.push_back({invariant, std::move(text)});
}

}  // namespace cuttle::sim
