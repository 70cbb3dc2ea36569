#include "wire/relay_packet.hh"

namespace cuttle::wire {

size_t store_relay_report(MutableBytes out, const RelayReport& report) {
  const size_t bytes =
      kRelayReportBytes + report.counts.count * kRelayCountBytes + report.grants.count * kRelayGrantBytes;
  const MutableBytes packet = out.first(bytes);
  std::fill(packet.begin(), packet.end(), uint8_t{0});
  store_relay_ip(packet);
  uint8_t* at = packet.data() + kRelayIpBytes;
  at[0] = static_cast<uint8_t>(RelayKind::report);
  at[1] = static_cast<uint8_t>(report.counts.count);
  at[2] = static_cast<uint8_t>(report.grants.count);
  store_be64(at + 8, report.author);
  store_be64(at + 16, report.number);
  at = packet.data() + kRelayReportBytes;
  for (const RelayCount& count : report.counts) {
    at[0] = count.way;
    store_be32(at + 4, count.packets);
    at += kRelayCountBytes;
  }
  for (const RelayGrant& grant : report.grants) {
    store_be64(at, grant.destination);
    store_be32(at + 8, grant.bytes);
    at += kRelayGrantBytes;
  }
  return bytes;
}

std::optional<RelayReport> load_relay_report(Bytes packet) {
  if (packet.size() < kRelayReportBytes) return std::nullopt;
  const uint8_t* at = packet.data() + kRelayIpBytes;
  const size_t counts = at[1];
  const size_t grants = at[2];
  if (counts > RelayReport::kMaxCounts || grants > RelayReport::kMaxGrants ||
      packet.size() != kRelayReportBytes + counts * kRelayCountBytes + grants * kRelayGrantBytes) {
    return std::nullopt;
  }
  RelayReport report{.author = load_be64(at + 8), .number = load_be64(at + 16)};
  at = packet.data() + kRelayReportBytes;
  for (size_t i = 0; i < counts; ++i, at += kRelayCountBytes) {
    report.counts.add({.way = at[0], .packets = load_be32(at + 4)});
  }
  for (size_t i = 0; i < grants; ++i, at += kRelayGrantBytes) {
    report.grants.add({.destination = load_be64(at), .bytes = load_be32(at + 8)});
  }
  return report;
}

}  // namespace cuttle::wire
