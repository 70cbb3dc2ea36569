// Packets one at a time, in the order of their capture: from a file, an interface, or made up for a test.
#pragma once

#include <cstdint>

#include "base/result.hh"
#include "capture/packet_record.hh"

namespace cuttle::capture {

struct SourceCounts {
  uint64_t packets = 0;     // everything captured
  uint64_t ip = 0;          // handed out by next()
  uint64_t not_ip = 0;      // ARP and the like
  uint64_t unreadable = 0;  // too short or contradicting itself
  Instant first;            // of any packet; meaningless while packets is 0
  Instant last;
};

// Not thread-safe. One source, one reader.
class PacketSource {
 public:
  PacketSource() = default;
  PacketSource(const PacketSource&) = delete;
  PacketSource& operator=(const PacketSource&) = delete;
  virtual ~PacketSource() = default;

  // The next IP packet: true with `record` filled in, false at the end. Packets that are not IP are passed
  // over and counted. An error ends the source.
  virtual Result<bool> next(PacketRecord& record) = 0;

  const SourceCounts& counts() const { return counts_; }
  // Share of the input read so far, 0 to 1, for showing progress; negative when not known.
  virtual double fraction_read() const { return -1; }

 protected:
  void count_time(Instant time) {
    if (counts_.packets == 0 || time < counts_.first) counts_.first = time;
    if (counts_.packets == 0 || time > counts_.last) counts_.last = time;
    ++counts_.packets;
  }
  SourceCounts counts_;
};

}  // namespace cuttle::capture
