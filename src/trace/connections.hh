// Which of the log's connections is the one to the monitor and which the one to the primary, and who they
// are. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trace/exact_time.hh"

namespace cuttle::trace {

struct Connections {
  // As the log prints its address in memory, "0x55706a3ec7f0"; empty: none.
  std::string bootstrap;  // of the first half of rados_connect
  std::string monitor;
  std::string primary;
  std::string monitor_address;  // "10.77.0.10"
  std::string primary_address;
  std::string own_address;  // the client's own
};

// `second_half_ns`: when the second half of rados_connect began.
Connections find_connections(const std::vector<TimedLine>& lines, int64_t second_half_ns);

}  // namespace cuttle::trace
