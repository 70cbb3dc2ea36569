// Packets one at a time, in the order of their capture: from a file, an interface, or made up for a test.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hh"
#include "capture/packet_record.hh"

namespace cuttle::capture {

struct SourceCounts {
  uint64_t packets = 0;     // everything captured
  uint64_t ip = 0;          // handed out by next()
  uint64_t not_ip = 0;      // ARP and the like
  uint64_t unreadable = 0;  // too short or contradicting itself
  uint64_t copies = 0;   // of a packet captured just before, by another interface; where this is looked for
  bool cut_off = false;  // the capture ends in the middle of a record, which was left out
  Instant first;         // of any packet; meaningless while packets is 0
  Instant last;          // without a stray at the end: a packet or two, stamped long after all others
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
  // What a record's `interface` is called, for a person: "eth0", "interface number 3"; empty for 0.
  virtual std::string interface_name(uint32_t /*interface*/) const { return ""; }
  // Share of the input read so far, 0 to 1, for showing progress; negative when not known.
  virtual double fraction_read() const { return -1; }

 protected:
  void count_time(Instant time) {
    if (counts_.packets == 0 || time < counts_.first) counts_.first = time;
    ++counts_.packets;
    if (counts_.packets > 1 && time <= counts_.last) return;
    // Long after all others: only more of the kind make it the end of the capture.
    if (counts_.packets > 1 && time - counts_.last > kStrayAfter && ++strays_ <= kMaxStrays) return;
    strays_ = 0;
    counts_.last = time;
  }
  SourceCounts counts_;

 private:
  static constexpr Duration kStrayAfter = seconds(30);
  static constexpr uint32_t kMaxStrays = 2;
  uint32_t strays_ = 0;
};

}  // namespace cuttle::capture
