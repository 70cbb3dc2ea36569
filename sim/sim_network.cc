#include "sim/sim_network.hh"

#include <algorithm>

#include "wire/handshake.hh"

namespace cuttle::sim {

namespace {

constexpr size_t kHeard = 256;
constexpr size_t kHeardHandshakes = 32;

}  // namespace

SimNetwork::SimNetwork(EventLoop& loop, uint64_t seed, size_t nodes, uint8_t lanes, Duration delay,
                       Checker& checker, WireTrace& trace)
    : loop_(loop),
      nodes_(nodes),
      lanes_(lanes),
      delay_(delay),
      checker_(checker),
      trace_(trace),
      cut_(nodes * nodes, false),
      held_(nodes * nodes),
      unknown_source_(seed ^ 0x57a4),
      flooder_(seed ^ 0xf100d) {
  for (size_t i = 0; i < nodes * nodes; ++i) fates_.emplace_back(seed + 1000 + i);
}

void SimNetwork::cut(NodeNumber a, NodeNumber b, bool is_cut) {
  cut_[path(a, b)] = cut_[path(b, a)] = is_cut;
}

Duration SimNetwork::draw_delay(Random& random) {
  Duration delay =
      delay_ + nanoseconds(static_cast<int64_t>(random.below(static_cast<uint64_t>(faults_.jitter.ns))));
  if (random.chance(faults_.reordering)) {
    delay =
        delay + nanoseconds(static_cast<int64_t>(random.below(static_cast<uint64_t>(faults_.reorder_by.ns))));
  }
  return delay;
}

void SimNetwork::send(NodeNumber source, NodeNumber destination, uint8_t lane, Bytes datagram) {
  checker_.saw_datagram(source, destination, datagram);
  trace_.add(loop_.now(), source, destination, lane, datagram);
  Random& random = fates_[path(source, destination)];
  const bool lost = random.chance(faults_.loss);
  const bool twice = random.chance(faults_.duplication);
  const bool bent = random.chance(faults_.corruption);
  const bool again = random.chance(faults_.replay);
  const Duration delay = draw_delay(random);
  if (cut_[path(source, destination)]) return;

  const Way way{source, destination, lane};
  SharedBytes bytes = std::make_shared<std::vector<uint8_t>>(datagram.begin(), datagram.end());
  if (faults_.unknown_sources_per_ms > 0) {
    heard_.push_back({way, bytes});
    if (heard_.size() > kHeard) heard_.pop_front();
    if (wire::is_handshake(datagram) && heard_handshakes_.size() < kHeardHandshakes) {
      heard_handshakes_.push_back({way, bytes});
    }
  }
  if (again) {
    const Duration later = microseconds(static_cast<int64_t>(random.below(1'000'000)));
    deliver(way, bytes, delay + later);
  }
  if (lost) return;
  if (twice) deliver(way, bytes, draw_delay(random));
  if (bent) {
    auto other = std::make_shared<std::vector<uint8_t>>(*bytes);
    (*other)[random.below(other->size())] ^= static_cast<uint8_t>(1u << random.below(8));
    bytes = std::move(other);
  }
  deliver(way, std::move(bytes), delay);
}

void SimNetwork::deliver(Way way, SharedBytes bytes, Duration delay) {
  loop_.after(delay + held_[path(way.source, way.destination)], [this, way, bytes = std::move(bytes)] {
    if (!cut_[path(way.source, way.destination)]) {
      arrival_(way.source, way.destination, way.lane, bytes);
    }
  });
}

void SimNetwork::let_unknown_sources_send(Instant until, const std::vector<PublicKey>& keys) {
  if (faults_.unknown_sources_per_ms > 0) unknown(until);
  if (faults_.initiations_per_ms <= 0) return;
  for (const PublicKey& key : keys) macs_.emplace_back(key);
  flooded_ = static_cast<NodeNumber>(flooder_.below(nodes_));
  flood(until);
}

// One node, from behind the addresses of all others, at an even pace.
void SimNetwork::flood(Instant until) {
  loop_.after(nanoseconds(static_cast<int64_t>(1e6 / faults_.initiations_per_ms)), [this, until] {
    if (loop_.now() >= until || faults_.initiations_per_ms <= 0) return;
    std::vector<uint8_t> bytes(checker_.cell_bytes(), 0);
    bytes[4] = static_cast<uint8_t>(wire::HandshakeType::initiation);
    for (size_t i = 8; i < 12; ++i) bytes[i] = static_cast<uint8_t>(flooder_.next());
    for (size_t i = 16; i < wire::kMacCoveredBytes; ++i) bytes[i] = static_cast<uint8_t>(flooder_.next());
    macs_[flooded_].store(bytes);
    const auto source = (flooded_ + 1 + flooder_.below(nodes_ - 1)) % nodes_;
    arrival_(static_cast<NodeNumber>(source), flooded_, 0,
             std::make_shared<std::vector<uint8_t>>(std::move(bytes)));
    flood(until);
  });
}

void SimNetwork::unknown(Instant until) {
  const auto mean_ns = static_cast<uint64_t>(1e6 / faults_.unknown_sources_per_ms);
  loop_.after(nanoseconds(static_cast<int64_t>(unknown_source_.below(2 * mean_ns))), [this, until] {
    if (loop_.now() >= until) return;
    send_unknown();
    unknown(until);
  });
}

// Anything: noise of any size, noise that looks like a cell or a handshake, what was heard before (as it was,
// bent, or to somebody else), a handshake from long ago.
void SimNetwork::send_unknown() {
  Way way{static_cast<NodeNumber>(unknown_source_.below(nodes_)),
          static_cast<NodeNumber>(unknown_source_.below(nodes_)),
          static_cast<uint8_t>(unknown_source_.below(lanes_))};
  std::vector<uint8_t> bytes;
  const uint64_t kind = unknown_source_.below(6);
  if (kind >= 2 && !heard_.empty()) {
    const bool old = kind == 5 && !heard_handshakes_.empty();
    const Heard& heard = old ? heard_handshakes_[unknown_source_.below(heard_handshakes_.size())]
                             : heard_[unknown_source_.below(heard_.size())];
    bytes = *heard.bytes;
    if (kind != 4) way = heard.way;
    if (kind == 3)
      bytes[unknown_source_.below(bytes.size())] ^= static_cast<uint8_t>(1u << unknown_source_.below(8));
  } else {
    bytes.resize(kind == 0 ? 1 + unknown_source_.below(2000) : checker_.cell_bytes());
    for (auto& byte : bytes) byte = static_cast<uint8_t>(unknown_source_.next());
    if (bytes.size() > 16 && unknown_source_.chance(0.5)) {
      std::fill_n(bytes.begin(), 4, uint8_t{0});
      bytes[4] = static_cast<uint8_t>(unknown_source_.below(4));
    }
  }
  if (way.source == way.destination) return;
  arrival_(way.source, way.destination, way.lane, std::make_shared<std::vector<uint8_t>>(std::move(bytes)));
}

}  // namespace cuttle::sim
