// A network interface, frame by frame (packet(7)).
#pragma once

#include <span>
#include <string>

#include "base/file_descriptor.hh"
#include "frame.hh"

namespace cuttle::tools {

class RawPort {
 public:
  // `waiting_bytes` of frames wait for receive() at most, by the kernel's count, some 2,300 bytes a frame of
  // 1,500.
  explicit RawPort(const std::string& interface, int waiting_bytes = 128 << 20);

  // The next frame that came in; false when none waits. Frames that went out by this interface are not seen.
  bool receive(Frame& frame);
  void send(Bytes frame);
  // As fast as the machine can: returns how many left. At most 1024 at once.
  size_t send_all(std::span<const Frame> frames);
  int fd() const { return fd_.get(); }
  // Frames the kernel dropped because we were slow.
  uint64_t dropped() const;

 private:
  FileDescriptor fd_;
  Frame buffer_;
  mutable uint64_t dropped_ = 0;
};

}  // namespace cuttle::tools
