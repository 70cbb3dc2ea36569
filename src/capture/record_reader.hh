// The container of a capture, record by record: pcap by libpcap; pcapng by a reader of our own, since libpcap
// neither tells on which interface a packet was captured, nor reads interfaces that differ. Private to this
// folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hh"
#include "base/result.hh"
#include "base/time.hh"
#include "capture/capture_bytes.hh"
#include "capture/parse_packet.hh"

namespace cuttle::capture {

struct RawRecord {
  Instant time;
  LinkLayer layer = LinkLayer::ethernet;
  Bytes captured;  // valid until the next call
  uint32_t wire_bytes = 0;
  uint32_t interface = 0;  // position in interfaces()
};

enum class ReadStatus { record, end, cut_off };

class RecordReader {
 public:
  RecordReader() = default;
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;
  virtual ~RecordReader() = default;

  // An error: damaged, or something that cannot be read; without the file's name.
  virtual Result<ReadStatus> next(RawRecord& record) = 0;
  // Names of those seen so far, "" where the capture does not say; none at all in pcap, which knows no
  // interfaces.
  virtual const std::vector<std::string>& interfaces() const = 0;
  virtual double fraction_read() const = 0;
};

// Errors without the file's name.
Result<std::unique_ptr<RecordReader>> open_pcap(std::unique_ptr<CaptureBytes> bytes);
Result<std::unique_ptr<RecordReader>> open_pcapng(std::unique_ptr<CaptureBytes> bytes);
bool looks_like_pcapng(Bytes start);

// What to say of a link type that is not read.
std::string unsupported_link_type(int link_type);

}  // namespace cuttle::capture
