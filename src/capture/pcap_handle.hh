// libpcap's handles, owned. Private to this folder.
#pragma once

#include <pcap/pcap.h>

#include <memory>

#include "base/bytes.hh"
#include "base/time.hh"

namespace cuttle::capture {

struct PcapCloser {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
struct DumperCloser {
  void operator()(pcap_dumper_t* dumper) const { pcap_dump_close(dumper); }
};
using PcapHandle = std::unique_ptr<pcap_t, PcapCloser>;
using DumperHandle = std::unique_ptr<pcap_dumper_t, DumperCloser>;

// Both need a handle opened with nanosecond precision: tv_usec then counts nanoseconds.
inline Instant time_of(const pcap_pkthdr& header) {
  return Instant{int64_t{header.ts.tv_sec} * 1'000'000'000 + header.ts.tv_usec};
}
inline Bytes captured_bytes(const pcap_pkthdr& header, const u_char* data) {
  return {data, header.caplen};
}

}  // namespace cuttle::capture
