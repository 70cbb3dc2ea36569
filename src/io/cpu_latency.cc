#include "io/cpu_latency.hh"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "io/os_error.hh"

namespace cuttle {

namespace {

constexpr const char* kDevice = "/dev/cpu_dma_latency";

}  // namespace

Result<CpuLatency> CpuLatency::hold(Duration longest) {
  FileDescriptor fd(::open(kDevice, O_WRONLY | O_CLOEXEC));
  if (!fd) {
    return os_failure("cannot keep the CPUs from deep sleep", errno,
                      "let the agent's user write /dev/cpu_dma_latency, as the package's udev rule does");
  }
  const auto longest_us = static_cast<int32_t>(longest.ns / 1000);
  if (::write(fd.get(), &longest_us, sizeof longest_us) != sizeof longest_us) {
    return os_failure("cannot keep the CPUs from deep sleep", errno);
  }
  return CpuLatency(std::move(fd));
}

}  // namespace cuttle
