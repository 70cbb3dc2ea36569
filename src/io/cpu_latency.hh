// How deep this machine's CPUs may sleep when they have nothing to do. The deeper, the longer a release takes
// to leave after its deadline, and the more that depends on what else the machine does. Source: Linux
// Documentation/power/pm_qos_interface.rst.
#pragma once

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

// While it lives, no CPU of the machine sleeps so deeply that it takes longer than this to wake up; with 0
// none sleeps at all.
class CpuLatency {
 public:
  // Needs to write /dev/cpu_dma_latency, so root or a rule of udev's.
  static Result<CpuLatency> hold(Duration longest);

 private:
  explicit CpuLatency(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace cuttle
