// Reads a pcap or pcapng file packet by packet, in constant memory.
#pragma once

#include <memory>
#include <string>

#include "base/result.hh"
#include "capture/packet_source.hh"

namespace cuttle::capture {

class CaptureFile : public PacketSource {
 public:
  // Errors: no such file, not a capture, a link type that is not supported.
  static Result<std::unique_ptr<CaptureFile>> open(const std::string& path);
  ~CaptureFile() override;

  // A file cut off in the middle of a packet is an error that says how many whole packets came before.
  Result<bool> next(PacketRecord& record) override;
  double fraction_read() const override;

 private:
  struct State;
  explicit CaptureFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cuttle::capture
