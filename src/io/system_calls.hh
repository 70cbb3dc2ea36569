// Which system calls a process may make from some point on, looked at with their arguments. What the filter
// knows and forbids fails with EPERM; what it does not know, because the C library is newer, with ENOSYS, so
// that this takes an older way. Source: seccomp(2), libseccomp; Linux, include/uapi.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hh"

namespace cuttle {

// What a driver calls beyond what every agent does.
struct SystemCalls {
  std::span<const char* const> names = {};
  std::span<const int> socket_families = {};
  bool reads_files = false;
};

// For the process that parses datagrams, and all its threads: it serves the descriptors that it has. No new
// sockets and files, none removed, no ioctl(2), no bpf(2), no memory that is executed; clone(2) makes threads
// and nothing else; signals go to itself.
Result<void> restrict_agent(const SystemCalls& more = {});

// For its helper: netlink, UDP sockets, BPF programs, the TUN device, and files to be read or removed. It
// writes to nothing but its log, and makes no process or thread.
Result<void> restrict_helper();

}  // namespace cuttle
