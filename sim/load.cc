#include "sim/load.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle::sim {

namespace {

// More than the link carries: the queue of flows is full before long.
constexpr int64_t kMaxAtOnce = 64 << 10;
// So many packets claim to be somebody else's.
constexpr double kForeign = 0.01;
// And where kernels leave checksums to others, so many have a wrong one.
constexpr double kWrongSum = 0.02;
constexpr double kOffloads = 0.3;  // of all directions
constexpr size_t kMaxPacketBytes = 65'535;
constexpr size_t kInnerMtu = 1500;
constexpr size_t kMinSegmentBytes = 536;  // RFC 9293, section 3.7.1

}  // namespace

const char* load_name(Load load) {
  switch (load) {
    case Load::idle:
      return "idle";
    case Load::trickle:
      return "trickle";
    case Load::bulk:
      return "bulk";
    case Load::bursts:
      return "bursts";
    case Load::every_size:
      return "every size";
  }
  return "?";
}

std::vector<DirectedLoad> draw_loads(uint64_t payload_seed, size_t nodes, unsigned variant, Instant end) {
  Random random(payload_seed);
  Random offloads(payload_seed ^ 0x0ff10ad);
  std::vector<DirectedLoad> loads;
  const size_t busy = random.below(nodes * (nodes - 1));
  for (NodeNumber a = 0; a < nodes; ++a) {
    for (NodeNumber b = 0; b < nodes; ++b) {
      if (a == b) continue;
      DirectedLoad load{a, b, kLoads[random.below(std::size(kLoads))]};
      if (variant == 0) load.load = Load::idle;
      if (variant == 1) load.load = random.chance(0.5) ? Load::bulk : Load::every_size;
      if (variant == 2) load.load = loads.size() == busy ? Load::bulk : Load::idle;
      if (variant != 0 && random.chance(0.2)) {
        const auto length = static_cast<uint64_t>(end.ns);
        load.stops_reading = Instant{static_cast<int64_t>(random.below(length))};
        load.reads_again = load.stops_reading + Duration{static_cast<int64_t>(random.below(length))};
      }
      load.offloads = offloads.chance(kOffloads);
      loads.push_back(load);
    }
  }
  return loads;
}

std::string describe(const std::vector<DirectedLoad>& loads) {
  std::string text;
  for (const DirectedLoad& load : loads) {
    text += fmt::format("{}{}->{} {}", text.empty() ? "" : ", ", load.source, load.destination,
                        load_name(load.load));
    if (load.offloads) text += " (with offloads)";
    if (load.stops_reading != Instant::never()) text += " (stops reading)";
  }
  return text;
}

LoadSource::LoadSource(EventLoop& loop, PacketSink& sink, Checker& checker, const DirectedLoad& load,
                       Duration slot, size_t slot_bytes, uint64_t seed, Instant end)
    : loop_(loop),
      sink_(sink),
      checker_(checker),
      load_(load),
      slot_(slot),
      slot_bytes_(slot_bytes),
      random_(seed),
      end_(end) {
  if (load.load == Load::idle) return;
  again(Duration{static_cast<int64_t>(random_.below(static_cast<uint64_t>(slot.ns)))});
}

void LoadSource::again(Duration delay) {
  loop_.after(delay, [this] {
    if (loop_.now() < end_) step();
  });
}

bool LoadSource::send(size_t bytes) {
  if (sink_.queue_room(load_.source, load_.destination) == 0) return false;
  const bool is_v6 = random_.chance(0.3) && bytes >= kSmallestInnerV6;
  const auto connection = static_cast<uint8_t>(random_.below(kConnections));
  if (random_.chance(kForeign)) {
    sink_.send_packet(
        load_.source, load_.destination,
        {checker_.make_foreign_packet(static_cast<NodeNumber>(load_.source + 1 + random_.below(9)),
                                      load_.destination, bytes, is_v6)});
    return true;
  }
  sink_.send_packet(load_.source, load_.destination, draw_packet(bytes, is_v6, connection));
  return true;
}

HostPacket LoadSource::draw_packet(size_t bytes, bool is_v6, uint8_t connection) {
  const size_t ip = is_v6 ? kSmallestInnerV6 : kSmallestInnerV4;
  if (load_.offloads && bytes >= ip + kTcpHeaderBytes) return draw_offloaded(bytes, is_v6, connection);
  return {checker_.make_packet(load_.source, load_.destination, bytes, is_v6, connection)};
}

// As a kernel has them: most with their checksums to be made, TCP as long as a socket writes, some whole.
HostPacket LoadSource::draw_offloaded(size_t bytes, bool is_v6, uint8_t connection) {
  const size_t headers = (is_v6 ? kSmallestInnerV6 : kSmallestInnerV4) + kTcpHeaderBytes;
  const size_t largest = kInnerMtu - headers;
  const size_t segment =
      random_.chance(0.5) ? largest : kMinSegmentBytes + random_.below(largest - kMinSegmentBytes);
  const bool is_tcp = random_.chance(0.8);
  auto packet =
      is_tcp ? checker_.make_tcp_packet(load_.source, load_.destination, bytes, is_v6, connection, segment)
             : checker_.make_packet(load_.source, load_.destination, bytes, is_v6, connection, {},
                                    InnerKind::summed);
  const bool is_whole = random_.chance(0.2) && (!is_tcp || bytes <= headers + segment);
  if (!is_whole) return leave_to_card(std::move(packet), segment);
  if (random_.chance(kWrongSum)) packet.back() ^= 1;
  return {std::move(packet)};
}

size_t LoadSource::draw_bulk_bytes() {
  const bool is_long = random_.chance(load_.offloads ? 0.5 : 0.1);
  return is_long ? 1 + kSmallestInnerV4 + random_.below(kMaxPacketBytes - kSmallestInnerV4) : 1500;
}

void LoadSource::step() {
  const auto a_few_slots = [&](uint64_t max) {
    return Duration{static_cast<int64_t>(random_.below(static_cast<uint64_t>(slot_.ns) * max + 1))};
  };
  switch (load_.load) {
    case Load::idle:
      return;
    case Load::trickle:
      send(20 + random_.below(200));
      return again(a_few_slots(60));
    case Load::bulk:
      bulk_bytes_ = std::min(bulk_bytes_ + static_cast<int64_t>(slot_bytes_ * 3 / 2), kMaxAtOnce);
      while (bulk_bytes_ > 0) {
        const size_t bytes = draw_bulk_bytes();
        bulk_bytes_ -= static_cast<int64_t>(bytes);
        if (!send(bytes)) break;
      }
      return again(slot_);
    case Load::bursts:
      for (uint64_t n = random_.below(50); n > 0; --n) send(20 + random_.below(120));
      return again(a_few_slots(100));
    case Load::every_size:
      next_size_ =
          next_size_ < 3000 ? next_size_ + 1 + random_.below(97) : next_size_ * 2 + random_.below(999);
      if (next_size_ > kMaxPacketBytes) next_size_ = 20;
      send(std::max<size_t>(next_size_, 20));
      return again(a_few_slots(6));
  }
}

}  // namespace cuttle::sim
