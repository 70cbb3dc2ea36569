// Everything that was gathered about one operation, before any of it is interpreted. Plain values: a test
// fills one in from recorded files.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trace/client_records.hh"
#include "trace/exact_time.hh"
#include "trace/log_line.hh"
#include "trace/step.hh"

namespace cuttle::trace {

inline constexpr size_t kCalls = 6;

struct CallRecord {
  std::optional<int64_t> begin_ns;
  std::optional<int64_t> end_ns;
  int64_t result = 0;
};

struct OsdHistory {
  int osd = 0;
  std::string json;  // of dump_historic_ops
};

struct Observation {
  bool put = true;
  std::string pool;
  std::string object;

  std::vector<LogLine> lines;            // the client's log, in its order
  std::vector<ClockReading> readings;    // see exact_time.hh
  std::array<CallRecord, kCalls> calls;  // indexed by Call
  std::optional<int64_t> version;        // of the object
  int64_t version_ns = 0;
  int64_t elapsed_ns = 0;  // by the client's steady clock
  uint64_t bytes = 0;
  bool timed_out = false;  // the client had to be ended
  double timeout_s = 0;

  std::string ceph_version;  // "16.2.15"; empty: not known
  std::vector<OsdHistory> histories;
  std::map<int, std::string> osd_addresses;  // OSD to host address
  std::vector<LinkUse> links;
  std::vector<std::string> notices;  // of the gathering itself
};

const char* call_name(Call call, bool put);  // "rados_connect"

}  // namespace cuttle::trace
