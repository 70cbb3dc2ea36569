// Reads a pcap or pcapng file packet by packet, in constant memory: from a file, a pipe or standard input
// ("-"), as it is or compressed by gzip.
#pragma once

#include <memory>
#include <string>

#include "base/result.hh"
#include "capture/packet_source.hh"
#include "capture/stamp_check.hh"

namespace cuttle::capture {

struct CaptureOptions {
  // Most that stamps may go back; who sorts packets afterwards can allow more.
  Duration disorder = kLittleDisorder;
  // A capture that ends in the middle of a packet is read up to there (see SourceCounts), not refused.
  bool accept_cut_off = false;
  // Copies of packets that the same interface had just before are left out: a mirrored port's, joined
  // captures of two hosts, and Linux cooked captures of the first kind (`tcpdump -i any`, older), which do
  // not tell the interface. Otherwise they are only counted, and in the last of these alone.
  bool leave_out_copies = false;
  std::string called;  // in messages; empty: the path
};

class CaptureFile : public PacketSource {
 public:
  // Errors: no such file, not a capture, a link type that is not supported.
  static Result<std::unique_ptr<CaptureFile>> open(const std::string& path,
                                                   const CaptureOptions& options = {});
  ~CaptureFile() override;

  // Errors: a capture cut off in the middle of a packet (how many whole packets came before), a damaged one,
  // stamps that cannot be believed (which packet's).
  Result<bool> next(PacketRecord& record) override;
  std::string interface_name(uint32_t interface) const override;
  double fraction_read() const override;

 private:
  struct State;
  explicit CaptureFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The error for copies beyond what a network makes: `counts` of a capture that was read to its end, called
// `name`.
Result<void> check_copies(const SourceCounts& counts, const std::string& name);

}  // namespace cuttle::capture
