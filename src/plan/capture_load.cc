// A load from a capture of plain traffic.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "capture/capture_file.hh"
#include "plan/load_parts.hh"

namespace cuttle::plan {

namespace {

constexpr uint16_t kCellPort = 4410;
// Packets are sorted here, so joined captures and interfaces that are read in turns may be out of order.
constexpr Duration kDisorder = seconds(5);

using Direction = std::pair<IpAddress, IpAddress>;

std::string name_of(const Direction& direction) {
  return direction.first.to_string() + " to " + direction.second.to_string();
}

bool is_wanted(const Direction& direction, const std::vector<Between>& between) {
  if (between.empty()) return true;
  return std::any_of(between.begin(), between.end(), [&](const Between& pair) {
    return direction == Direction{pair.a, pair.b} || direction == Direction{pair.b, pair.a};
  });
}

bool is_cell(const capture::PacketRecord& packet) {
  return packet.protocol == capture::kProtocolUdp && packet.source_port == kCellPort &&
         packet.destination_port == kCellPort;
}

// Between two given hosts, the ports tell connections apart.
uint32_t flow_of(const capture::PacketRecord& packet) {
  return (uint32_t{packet.source_port} << 16) | packet.destination_port;
}

// What passed each interface, in one direction.
using ByInterface = std::map<uint32_t, LinkLoad>;

// One packet passes bond, VLAN and card, and is captured on each: the interface with the most of a
// direction's bytes has them all.
LinkLoad take_one_interface(ByInterface& loads, const capture::PacketSource& source) {
  auto max = loads.begin();
  std::vector<std::string> others;
  for (auto at = loads.begin(); at != loads.end(); ++at) {
    if (at->second.bytes > max->second.bytes) max = at;
  }
  LinkLoad load = std::move(max->second);
  const std::string name = source.interface_name(max->first);
  for (const auto& [interface, other] : loads) {
    if (interface != max->first) others.push_back(source.interface_name(interface));
  }
  if (!others.empty()) {
    add_note(load, fmt::format("Captured on several interfaces; taken is what passed {}, and not {}", name,
                               few_of(others)));
  }
  return load;
}

std::string what_it_has(const capture::SourceCounts& counts, const std::vector<std::string>& others) {
  std::string text = others.empty() ? "none of any other" : "those of " + few_of(others);
  if (counts.not_ip > 0) text += fmt::format(", {} packets that are not IP", counts.not_ip);
  if (counts.unreadable > 0) {
    text += fmt::format(", {} of which too little was captured to know their addresses (tcpdump -s 96)",
                        counts.unreadable);
  }
  return text;
}

}  // namespace

Result<std::vector<LinkLoad>> loads_of_capture(const std::string& file, const std::vector<Between>& between) {
  capture::CaptureOptions options;
  options.disorder = kDisorder;
  options.accept_cut_off = true;
  options.leave_out_copies = true;
  auto source = capture::CaptureFile::open(file, options);
  if (!source) return tl::unexpected(source.error());
  std::map<Direction, ByInterface> found;
  std::vector<std::string> others;
  capture::PacketRecord packet;
  for (;;) {
    const auto more = (*source)->next(packet);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    if (is_cell(packet)) continue;
    const Direction direction{packet.source, packet.destination};
    if (!is_wanted(direction, between)) {
      const std::string name = name_of(direction);
      if (others.size() < 100 && std::find(others.begin(), others.end(), name) == others.end())
        others.push_back(name);
      continue;
    }
    LinkLoad& load = found[direction][packet.interface];
    load.is_v6 = packet.source.is_v6;
    load.bytes += packet.ip_bytes;
    load.arrivals.push_back({packet.time, packet.ip_bytes, flow_of(packet)});
  }
  const auto& counts = (*source)->counts();
  if (counts.packets == 0) return failure(file + ": a capture without a single packet");
  if (found.empty()) {
    return failure(fmt::format("{}: no packet {}; it has {}", file,
                               between.empty() ? "that is not a cell" : "between these addresses",
                               what_it_has(counts, others)));
  }
  std::vector<LinkLoad> loads;
  for (auto& [direction, by_interface] : found) {
    LinkLoad load = take_one_interface(by_interface, **source);
    load.name = name_of(direction);
    std::stable_sort(load.arrivals.begin(), load.arrivals.end(),
                     [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
    const Instant last = std::max(counts.last, load.arrivals.back().at);
    for (Arrival& arrival : load.arrivals) arrival.at = Instant{} + (arrival.at - counts.first);
    load.span = std::max(last - counts.first, milliseconds(1));
    load.seen = load.span;
    if (counts.copies > 0) {
      add_note(load,
               fmt::format("{} packets that were captured more than once (tcpdump -i any, a mirrored port, "
                           "captures of two hosts) count once",
                           counts.copies));
    }
    if (counts.cut_off) {
      add_note(load, fmt::format("The capture ends in the middle of a packet; its {} whole packets are taken",
                                 counts.packets));
    }
    loads.push_back(std::move(load));
  }
  sort_by_bytes(loads);
  return loads;
}

}  // namespace cuttle::plan
