// A look at the frames that pass an interface, in both directions, as `tcpdump` has it.
// Source: packet(7).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hh"
#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

class FrameTap {
 public:
  // From now on, of the calling thread's network namespace. Needs CAP_NET_RAW.
  static Result<FrameTap> open(const std::string& interface);

  // Until there is a frame, or the time is over.
  void wait(Duration time) const;
  // The next frame, with its Ethernet header, cut to the buffer's size; none when none is waiting.
  std::optional<Bytes> take(std::span<uint8_t> buffer);
  // Frames that found no room since this was last asked.
  uint32_t take_lost();

 private:
  explicit FrameTap(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace cuttle
