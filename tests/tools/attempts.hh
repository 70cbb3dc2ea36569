// What `confined` tries. Each attempt is complete: without the confinement it succeeds, or fails with another
// error than the confinement's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

#include "base/file_descriptor.hh"

namespace cuttle::tools {

// What an attempt needs and a confined process could not open any more, but a captured one might hold.
struct Prepared {
  FileDescriptor terminal;
  FileDescriptor tun;  // attached to nothing
  FileDescriptor datagrams;
  FileDescriptor routing;   // netlink
  FileDescriptor firewall;  // netlink
  FileDescriptor network;   // namespace
  FileDescriptor scratch;   // a file, to be read and written
  pid_t other = 0;          // a process
};
Prepared prepare();

struct Attempt {
  const char* name;
  std::function<int(const Prepared&)> run;  // returns the error number; 0: done
};
const std::vector<Attempt>& attempts();

}  // namespace cuttle::tools
