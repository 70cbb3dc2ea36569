// What a trace is made of. Times are nanoseconds since 1970 (CLOCK_REALTIME): the only clock that the
// client's log and the daemons' histories share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cuttle::trace {

// The stages of a client's way, each one a call into librados; `bootstrap` is the first half of
// rados_connect.
enum class Section { configure, bootstrap, connect, pool, operate };

const char* section_name(Section section);   // "connect"
const char* section_title(Section section);  // "rados_connect"
std::optional<Section> section_from(const std::string& name);

// Who tells of a step.
enum class Source {
  call,       // the client entered or left a librados call
  log,        // a line of the client's own log
  history,    // dump_historic_ops of an OSD
  both_ends,  // from a moment in one process to a moment in another
};

const char* source_name(Source source);

// The lanes of the timeline. A hop lies between two of them.
inline constexpr const char* kClientLane = "client";
inline constexpr const char* kMonitorLane = "monitor";
inline constexpr const char* kManagerLane = "manager";
inline constexpr const char* kPrimaryLane = "primary";
inline constexpr const char* kReplicaLane = "replica";
inline constexpr const char* kWireLane = "wire";

struct Step {
  std::string id;  // "operate.target": the same for the same step of every trace
  Section section = Section::configure;
  std::string lane;
  std::string node;       // "client", "osd.1"
  std::string component;  // "Objecter"
  std::string title;
  std::string purpose;  // one line: what it is for
  Source source = Source::log;
  int64_t at_ns = 0;
  // The truth lies in [at_ns, at_ns + uncertainty_ns].
  int64_t uncertainty_ns = 1000;
  // A span's own length (hop, wait for an answer); else the time to the next step of its lane.
  std::optional<int64_t> duration_ns;
  std::string detail;       // what the line said: "pgid 1.8 acting [1,0] primary 1"
  std::string evidence;     // the line, without secrets
  std::string link;         // the shaped link that a hop crossed; empty: none
  int crossings = 0;        // how often, one after the other, a link is crossed before the next step
  bool background = false;  // beside the write, not in its way

  int64_t end_ns() const { return at_ns + duration_ns.value_or(0); }
};

// One librados call of the client.
struct CallTimes {
  std::string name;  // "rados_connect"
  int64_t begin_ns = 0;
  std::optional<int64_t> end_ns;  // none: it had not returned when the time was up
  int64_t result = 0;
};

// What an agent said about a link of the client's node, before and after.
struct LinkUse {
  std::string agent;  // the node whose agent was asked
  std::string name;   // of the peer
  std::string endpoint;
  uint64_t slot_ns = 0;
  uint32_t cells_per_slot = 0;
  uint32_t cell_bytes = 0;
  uint32_t lanes = 1;
  uint64_t cells_sent = 0;       // during the trace
  uint64_t data_cells_sent = 0;  // of those, not dummies
  uint64_t data_cells_received = 0;
};

struct Trace {
  std::string operation;  // "put" or "get"
  std::string pool;
  std::string object;
  uint64_t bytes = 0;
  std::string ceph_version;  // of the monitor; empty when it could not be asked
  std::string client;        // "client.4224"
  std::vector<CallTimes> calls;
  std::vector<Step> steps;  // by time
  std::vector<std::string> notices;
  std::vector<LinkUse> links;
  // Of a write that failed.
  std::string failed_call;  // empty: it did not fail
  std::string failed_step;  // the last one that was seen
  std::string error;        // Ceph's own

  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  int64_t elapsed_ns = 0;  // by the client's own steady clock; 0 when it did not get that far

  bool ok() const { return failed_call.empty(); }
  int64_t total_ns() const { return end_ns - begin_ns; }
};

}  // namespace cuttle::trace
