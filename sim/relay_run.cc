#include "sim/relay_run.hh"

#include <algorithm>
#include <memory>

#include "base/check.hh"
#include "link/slot_plan.hh"
#include "sim/sim_node.hh"

namespace cuttle::sim {

namespace {

constexpr uint32_t kCellBytes = 1472;
constexpr size_t kPacketBytes = 1300;
constexpr uint64_t kRate_bps = 8'000'000;  // r
// What a link of r takes: headers and ICV of cells are the difference.
constexpr double kCellBytesAPayload = 1500.0 / 1434;
constexpr size_t kOnTheWay = 2 * kPacketBytes;  // when it is measured, of a pair
constexpr Duration kLook = milliseconds(100);

PrivateKey key_of(uint64_t seed) {
  Random random(seed);
  uint8_t bytes[kKeySize];
  for (auto& byte : bytes) byte = static_cast<uint8_t>(random.next());
  return PrivateKey::from_random(bytes);
}

class Mesh {
 public:
  explicit Mesh(const RelayRunOptions& options)
      : options_(options),
        count_(options.matrix.nodes()),
        checker_(count_, kCellBytes, false, false),
        network_(loop_, options.seed, count_, 1, microseconds(100), checker_, trace_),
        nodes_(count_),
        sent_(count_ * count_),
        sent_at_(count_ * count_),
        random_(options.seed) {
    const ShapeRequest shape{.cell_bytes = kCellBytes,
                             .rate_bps = options.link_rate_bps,
                             .slot = milliseconds(2),
                             .jitter_percent = 100,
                             .node_lanes = static_cast<uint32_t>(count_ - 1)};
    CUTTLE_CHECK(plan_slots(shape, plan_), "a rate that a plan exists for");
    for (size_t i = 0; i < count_; ++i) keys_.push_back(key_of(options.seed * 100 + i));
    network_.set_arrival([this](NodeNumber source, NodeNumber to, uint8_t lane, SimNetwork::SharedBytes b) {
      if (nodes_[to] != nullptr) nodes_[to]->receive(source, lane, std::move(b));
    });
    for (size_t i = 0; i < count_; ++i) start(static_cast<NodeNumber>(i));
  }

  RelayRunResult run() {
    loop_.run_until(Instant{0} + kComeUp);
    for (NodeNumber a = 0; a < count_; ++a) {
      for (NodeNumber b = 0; b < count_; ++b) {
        if (a != b && options_.matrix.at(a, b) > 0) begin(a, b);
      }
    }
    loop_.run_until(loop_.now() + options_.warm_up);
    const Instant began = loop_.now();
    if (options_.killed) {
      loop_.at(began + options_.kill_after, [this] { nodes_[*options_.killed].reset(); });
    }
    waits_ns_.clear();
    const auto sent_before = sent_;
    const auto came_before = came();
    auto sent_last = sent_;
    auto came_last = came_before;
    RelayRunResult result;
    const uint64_t all_before = checker_.packets_delivered();
    const uint64_t disordered_before = checker_.packets_disordered();
    const uint64_t relayed_before = relayed();
    while (loop_.now() < began + options_.measured) {
      loop_.run_until(loop_.now() + kLook);
      result.carried_by_100_ms.push_back(carried(sent_last, came_last, false));
      sent_last = sent_;
      came_last = came();
    }
    result.carried = carried(sent_before, came_before, false);
    result.worst_pair = carried(sent_before, came_before, true);
    const auto all = static_cast<double>(std::max<uint64_t>(checker_.packets_delivered() - all_before, 1));
    result.relayed_share = static_cast<double>(relayed() - relayed_before) / all;
    result.wait_p50 = wait(0.5);
    result.wait_p99 = wait(0.99);
    result.disordered = static_cast<double>(checker_.packets_disordered() - disordered_before) / all;
    CUTTLE_CHECK(checker_.violations().empty(), "nothing comes twice, altered or to the wrong node");
    return result;
  }

 private:
  static constexpr Duration kComeUp = milliseconds(700);

  SimPeer peer_of(NodeNumber own, NodeNumber peer) const {
    return {peer, {.own = keys_[own], .peer = keys_[peer].public_key()}, true};
  }
  void start(NodeNumber number) {
    std::vector<SimPeer> peers;
    for (NodeNumber peer = 0; peer < count_; ++peer) {
      if (peer != number) peers.push_back(peer_of(number, peer));
    }
    NodeSetup setup{.number = number,
                    .own_key = keys_[number].public_key(),
                    .format = wire::CellFormat(kCellBytes),
                    .plan = plan_,
                    .clock = {.offset = seconds(number + 1)},
                    .cost = {},
                    .relays = options_.relays,
                    .seed = options_.seed * 1000 + number,
                    .peers = std::move(peers)};
    nodes_[number] = std::make_unique<SimNode>(
        SimNode::World{loop_, network_, checker_, [] { return uint64_t{0}; },
                       [this](NodeNumber node, NodeNumber peer, Bytes packet) {
                         checker_.saw_packet(node, peer, packet);
                         const auto id = parse_inner(packet);
                         const auto& sent_at = sent_at_[peer * count_ + node];
                         if (id && id->number < sent_at.size()) {
                           waits_ns_.push_back((loop_.now() - sent_at[id->number]).ns);
                         }
                       },
                       [this](NodeNumber node, NodeNumber peer) { return peer_of(node, peer); }},
        std::move(setup));
  }

  // Packets at about equal distances, of several flows.
  void begin(NodeNumber a, NodeNumber b) {
    const double bps = options_.matrix.at(a, b) * static_cast<double>(options_.rate_bps);
    const Duration every{static_cast<int64_t>(kPacketBytes * 8e9 / bps)};
    loop_.after(Duration{static_cast<int64_t>(random_.below(static_cast<uint64_t>(every.ns)))},
                [this, a, b, every] { send(a, b, every); });
  }
  void send(NodeNumber a, NodeNumber b, Duration every) {
    if (nodes_[a] != nullptr && nodes_[b] != nullptr) {
      const auto flow = static_cast<uint8_t>(random_.below(kConnections));
      nodes_[a]->send_packet(b, {checker_.make_packet(a, b, kPacketBytes, false, flow)});
      sent_[a * count_ + b] += kPacketBytes;
      sent_at_[a * count_ + b].push_back(loop_.now());
    }
    const auto wide = static_cast<uint64_t>(every.ns);
    loop_.after(every / 2 + Duration{static_cast<int64_t>(random_.below(wide))},
                [this, a, b, every] { send(a, b, every); });
  }

  Duration wait(double share) {
    if (waits_ns_.empty()) return {};
    const auto at =
        waits_ns_.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(waits_ns_.size() - 1));
    std::ranges::nth_element(waits_ns_, at);
    return Duration{*at};
  }
  std::vector<uint64_t> came() const {
    std::vector<uint64_t> bytes;
    for (NodeNumber a = 0; a < count_; ++a) {
      for (NodeNumber b = 0; b < count_; ++b) bytes.push_back(checker_.bytes_delivered(a, b));
    }
    return bytes;
  }
  bool lives(size_t pair) const {
    return options_.killed != pair / count_ && options_.killed != pair % count_;
  }
  // Since then, in all or by the pair with least.
  double carried(const std::vector<uint64_t>& sent_before, const std::vector<uint64_t>& came_before,
                 bool worst) const {
    const auto now = came();
    double sent = 0;
    double came = 0;
    double least = 1;
    for (size_t i = 0; i < now.size(); ++i) {
      if (!lives(i) || sent_[i] == sent_before[i]) continue;
      const auto sent_here = static_cast<double>(sent_[i] - sent_before[i]);
      const auto came_here = static_cast<double>(now[i] - came_before[i]);
      sent += sent_here;
      came += came_here;
      const bool counts = options_.matrix.at(i / count_, i % count_) >= 0.01;
      if (counts) least = std::min(least, (came_here + kOnTheWay) / sent_here);
    }
    return worst ? least : sent == 0 ? 1 : came / sent;
  }
  uint64_t relayed() const {
    uint64_t packets = 0;
    for (NodeNumber a = 0; options_.relays && a < count_; ++a) {
      for (NodeNumber b = 0; b < count_; ++b) {
        if (a != b && nodes_[a] != nullptr) packets += nodes_[a]->relay_counters(b).sent_by_relays.value();
      }
    }
    return packets;
  }

  const RelayRunOptions& options_;
  size_t count_;
  SlotPlan plan_{};
  EventLoop loop_;
  WireTrace trace_;
  Checker checker_;
  SimNetwork network_;
  std::vector<PrivateKey> keys_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<uint64_t> sent_;
  std::vector<std::vector<Instant>> sent_at_;  // by a packet's number
  std::vector<int64_t> waits_ns_;
  Random random_;
};

}  // namespace

RelayRunOptions draw_relay_run(uint64_t seed, size_t nodes, double part) {
  Random random(seed);
  const size_t permutations = seed % kHardest == 0 ? 1 : 1 + random.below(20);
  return {.matrix = draw_matrix(random, nodes, permutations),
          .rate_bps = kRate_bps,
          .link_rate_bps = static_cast<uint64_t>(kRate_bps * part * kCellBytesAPayload),
          .seed = seed};
}

RelayRunResult run_relays(const RelayRunOptions& options) {
  return Mesh(options).run();
}

}  // namespace cuttle::sim
