#include "sim/checker.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hh"

namespace cuttle::sim {

namespace {

constexpr size_t kMaxViolations = 20;

}  // namespace

Checker::Checker(size_t nodes, uint32_t cell_bytes, bool look_inside)
    : nodes_(nodes), cell_bytes_(cell_bytes), look_inside_(look_inside), pairs_(nodes * nodes) {}

std::vector<uint8_t> Checker::make_packet(NodeNumber source, NodeNumber destination, size_t bytes, bool is_v6,
                                          uint8_t connection, FlowMark mark) {
  Pair& flow = pair(source, destination);
  const InnerId id{source, destination, static_cast<uint32_t>(flow.sent.size()), is_v6, connection};
  flow.sent.push_back({static_cast<uint32_t>(bytes), is_v6, connection, false, mark});
  ++packets_sent_;
  return make_inner(id, bytes);
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
  const auto wanted =
      make_inner({id->source, id->destination, id->number, sent.is_v6, sent.connection}, sent.bytes);
  if (!std::equal(packet.begin(), packet.end(), wanted.begin(), wanted.end())) {
    fail(3, fmt::format("node {} got from node {} packet {} altered", node, peer, id->number));
    return nullptr;
  }
  if (sent.delivered) {
    fail(3, fmt::format("node {} got from node {} packet {} twice", node, peer, id->number));
    return nullptr;
  }
  uint32_t& next = flow.next[order_class(*id, packet.size())];
  if (id->number < next) {
    fail(3, fmt::format("node {} got from node {} packet {} after a later one", node, peer, id->number));
  }
  sent.delivered = true;
  next = id->number + 1;
  ++packets_delivered_;
  return &sent.mark;
}

void Checker::fail(int invariant, std::string text) {
  if (violations_.size() < kMaxViolations) violations_.push_back({invariant, std::move(text)});
}

}  // namespace cuttle::sim
