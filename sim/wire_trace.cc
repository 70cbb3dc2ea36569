#include "sim/wire_trace.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle::sim {

namespace {

std::string describe(const WireEvent& event) {
  const bool handshake = load_be32(event.clear.data()) == 0;
  return fmt::format("{:.6f} s: {} bytes from node {} to node {}, lane {}, {}",
                     static_cast<double>(event.at.ns) * 1e-9, event.bytes, event.source, event.destination,
                     event.lane,
                     handshake ? fmt::format("handshake type {}", event.clear[4])
                               : fmt::format("SPI {:08x} number {}", load_be32(event.clear.data()),
                                             load_be32(event.clear.data() + 4)));
}

}  // namespace

void WireTrace::add(Instant at, NodeNumber source, NodeNumber destination, uint8_t lane, Bytes datagram) {
  WireEvent event{at, static_cast<uint32_t>(datagram.size()), source, destination, lane, {}};
  std::copy_n(datagram.begin(), std::min(datagram.size(), event.clear.size()), event.clear.begin());
  events_.push_back(event);
}

uint64_t WireTrace::digest() const {
  uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](uint64_t value) { hash = (hash ^ value) * 0x100000001b3; };
  for (const WireEvent& event : events_) {
    mix(static_cast<uint64_t>(event.at.ns));
    mix(uint64_t{event.lane} << 56 | uint64_t{event.bytes} << 16 | uint64_t{event.source} << 8 |
        event.destination);
    mix(load_be64(event.clear.data()));
    mix(load_be64(event.clear.data() + 8));
  }
  return hash;
}

std::string first_difference(const WireTrace& a, const WireTrace& b) {
  const size_t both = std::min(a.events().size(), b.events().size());
  for (size_t i = 0; i < both; ++i) {
    if (a.events()[i] == b.events()[i]) continue;
    return fmt::format("datagram {}: {} | {}", i, describe(a.events()[i]), describe(b.events()[i]));
  }
  if (a.events().size() == b.events().size()) return "";
  return fmt::format("one run sent {} datagrams, the other {}", a.events().size(), b.events().size());
}

}  // namespace cuttle::sim
