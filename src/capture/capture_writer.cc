#include "capture/capture_writer.hh"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "capture/pcap_handle.hh"

namespace cuttle::capture {

namespace {

constexpr uint16_t kEtherArp = 0x0806;
constexpr uint16_t kEtherIpV4 = 0x0800;
constexpr uint16_t kEtherIpV6 = 0x86dd;
constexpr uint16_t kEtherVlan = 0x8100;

int link_type_of(LinkLayer layer) {
  switch (layer) {
    case LinkLayer::ethernet:
      return DLT_EN10MB;
    case LinkLayer::linux_cooked:
      return DLT_LINUX_SLL;
    case LinkLayer::linux_cooked_2:
      return DLT_LINUX_SLL2;
    case LinkLayer::raw_ip:
      return DLT_RAW;
  }
  return DLT_EN10MB;
}

std::vector<uint8_t> link_header(LinkLayer layer, uint16_t ether_type, uint32_t interface = 0) {
  std::vector<uint8_t> header;
  switch (layer) {
    case LinkLayer::ethernet:
      header.resize(14);
      header[0] = header[6] = 0x02;  // locally administered
      store_be16(header.data() + 12, ether_type);
      break;
    case LinkLayer::linux_cooked:
      header.resize(16);
      store_be16(header.data() + 14, ether_type);
      break;
    case LinkLayer::linux_cooked_2:
      header.resize(20);
      store_be16(header.data(), ether_type);
      store_be32(header.data() + 4, interface);
      break;
    case LinkLayer::raw_ip:
      break;
  }
  return header;
}

void append_ip_header(std::vector<uint8_t>& frame, const PacketRecord& record, uint32_t ip_bytes) {
  const size_t at = frame.size();
  if (record.source.is_v6) {
    frame.resize(at + 40);
    frame[at] = 0x60;
    store_be16(&frame[at + 4], static_cast<uint16_t>(ip_bytes - 40));
    frame[at + 6] = record.protocol;
    frame[at + 7] = 64;
    std::copy_n(record.source.bytes.begin(), 16, &frame[at + 8]);
    std::copy_n(record.destination.bytes.begin(), 16, &frame[at + 24]);
    return;
  }
  frame.resize(at + 20);
  frame[at] = 0x45;
  store_be16(&frame[at + 2], static_cast<uint16_t>(ip_bytes));
  store_be16(&frame[at + 6], record.fragment ? 0x2000 : 0x4000);
  frame[at + 8] = 64;
  frame[at + 9] = record.protocol;
  std::copy_n(record.source.bytes.begin(), 4, &frame[at + 12]);
  std::copy_n(record.destination.bytes.begin(), 4, &frame[at + 16]);
}

void append_transport(std::vector<uint8_t>& frame, const PacketRecord& record) {
  const size_t at = frame.size();
  if (record.protocol == kProtocolTcp) {
    frame.resize(at + 20);
    frame[at + 12] = 0x50;
  } else if (record.protocol == kProtocolUdp) {
    frame.resize(at + 16);
    store_be16(&frame[at + 4], static_cast<uint16_t>(record.udp_payload_bytes + 8));
    if (record.esp) {
      store_be32(&frame[at + 8], record.esp->spi.value);
      store_be32(&frame[at + 12], record.esp->sequence.value);
    }
  } else {
    frame.resize(at + 8);
    return;
  }
  store_be16(&frame[at], record.source_port);
  store_be16(&frame[at + 2], record.destination_port);
}

}  // namespace

struct CaptureWriter::State {
  PcapHandle handle;
  DumperHandle dumper;
  LinkLayer layer;
  uint32_t snap_bytes;
  std::string path;

  void dump(Instant time, std::vector<uint8_t>& frame, uint32_t wire_bytes) {
    frame.resize(std::min(wire_bytes, snap_bytes));
    pcap_pkthdr header{};
    header.ts.tv_sec = time.ns / 1'000'000'000;
    header.ts.tv_usec = time.ns % 1'000'000'000;
    header.caplen = static_cast<bpf_u_int32>(frame.size());
    header.len = wire_bytes;
    pcap_dump(reinterpret_cast<u_char*>(dumper.get()), &header, frame.data());
  }
};

CaptureWriter::CaptureWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
CaptureWriter::~CaptureWriter() = default;

Result<std::unique_ptr<CaptureWriter>> CaptureWriter::create(const std::string& path, LinkLayer layer,
                                                             uint32_t snap_bytes) {
  PcapHandle handle(pcap_open_dead_with_tstamp_precision(link_type_of(layer), static_cast<int>(snap_bytes),
                                                         PCAP_TSTAMP_PRECISION_NANO));
  if (!handle) return failure(fmt::format("{}: libpcap cannot prepare a capture", path));
  DumperHandle dumper(pcap_dump_open(handle.get(), path.c_str()));
  if (!dumper) return failure(fmt::format("cannot write a capture: {}", pcap_geterr(handle.get())));
  auto state = std::make_unique<State>(State{std::move(handle), std::move(dumper), layer, snap_bytes, path});
  return std::unique_ptr<CaptureWriter>(new CaptureWriter(std::move(state)));
}

void CaptureWriter::write(const PacketRecord& record) {
  write(record, std::nullopt);
}

void CaptureWriter::write_tagged(const PacketRecord& record, uint16_t vlan) {
  write(record, vlan);
}

void CaptureWriter::write(const PacketRecord& record, std::optional<uint16_t> vlan) {
  const bool v6 = record.source.is_v6;
  const uint32_t ip_header_bytes = v6 ? 40 : 20;
  const uint32_t ip_bytes =
      record.ip_bytes != 0 ? record.ip_bytes : ip_header_bytes + 8 + record.udp_payload_bytes;
  const uint16_t ether_type = v6 ? kEtherIpV6 : kEtherIpV4;
  auto frame = link_header(state_->layer, vlan ? kEtherVlan : ether_type, record.interface);
  if (vlan) {
    frame.resize(frame.size() + 4);
    store_be16(&frame[frame.size() - 4], *vlan);
    store_be16(&frame[frame.size() - 2], ether_type);
  }
  const auto wire_bytes = static_cast<uint32_t>(frame.size() + ip_bytes);
  append_ip_header(frame, record, ip_bytes);
  append_transport(frame, record);
  state_->dump(record.time, frame, wire_bytes);
}

void CaptureWriter::write_arp(Instant time) {
  auto frame = link_header(state_->layer, kEtherArp);
  const auto wire_bytes = static_cast<uint32_t>(frame.size() + 28);
  state_->dump(time, frame, wire_bytes);
}

Result<void> CaptureWriter::finish() {
  if (pcap_dump_flush(state_->dumper.get()) != 0) {
    return failure(fmt::format("{}: cannot write the capture: is the disk full?", state_->path));
  }
  return {};
}

}  // namespace cuttle::capture
