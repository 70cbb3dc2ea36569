// Tells when the virtual machine that this runs in was restored from a snapshot or copied, where hypervisor
// and kernel say so: a generation identifier's driver that sends a uevent with NEW_VMGENID=1, after it has
// reseeded the kernel's random numbers. Debian's cloud kernels 6.1 and 7.3 have none that does.
#pragma once

#include "base/bytes.hh"
#include "base/file_descriptor.hh"
#include "base/result.hh"

namespace cuttle {

class GenerationEvents {
 public:
  // Needs no privilege.
  static Result<GenerationEvents> open();

  // Takes all that waits. True when such an event was among it, or some were lost.
  bool take();
  int fd() const { return fd_.get(); }

 private:
  explicit GenerationEvents(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

// Whether a uevent ("change@PATH", then NAME=VALUE, each ended by a zero) is one.
bool is_new_generation(Bytes uevent);

}  // namespace cuttle
