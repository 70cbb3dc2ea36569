// Writes made-up packets as a pcap file with nanosecond stamps: test captures, and examples.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.hh"
#include "capture/packet_record.hh"
#include "capture/parse_packet.hh"

namespace cuttle::capture {

class CaptureWriter {
 public:
  static Result<std::unique_ptr<CaptureWriter>> create(const std::string& path,
                                                       LinkLayer layer = LinkLayer::ethernet,
                                                       uint32_t snap_bytes = 96);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  // Headers come from the record, the rest is zeros. For UDP, `ip_bytes` may be 0: then udp_payload_bytes
  // decides.
  void write(const PacketRecord& record);
  // The same with a VLAN's tag. Not for raw IP, which has no place for it.
  void write_tagged(const PacketRecord& record, uint16_t vlan);
  // A broadcast ARP request: something that is not IP.
  void write_arp(Instant time);
  // Flushes; an error when the disk refused.
  Result<void> finish();

 private:
  void write(const PacketRecord& record, std::optional<uint16_t> vlan);

  struct State;
  explicit CaptureWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cuttle::capture
