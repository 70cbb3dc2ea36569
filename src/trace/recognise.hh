// From the client's log to steps: which line is which step. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trace/exact_time.hh"
#include "trace/step.hh"
#include "trace/step_table.hh"

namespace cuttle::trace {

// When each section began, as the client's calls say; none for one that was not reached.
struct SectionTimes {
  std::optional<int64_t> configure_ns;
  std::optional<int64_t> connect_ns;  // of rados_connect: of its first half, that is
  std::optional<int64_t> pool_ns;
  std::optional<int64_t> operate_ns;
};

struct Recognised {
  std::vector<Step> steps;           // by time, with their distance to the next one not set
  std::vector<const Rule*> missing;  // rules without a line, whatever their presence
  std::string client;                // "client.4224"; empty: not authenticated
  std::string request;               // "client.4224.0:1", as the OSDs name the operation; empty: none sent
  std::string own_address;           // "10.77.0.10"; empty: not known
  std::string monitor_address;       // "10.77.0.10"; empty: not known
  std::string primary_address;
  std::vector<int> acting;  // OSDs, the primary first
  // When the Objecter gave the operation up; what comes later is tidying, not progress.
  std::optional<int64_t> cancelled_ns;
  std::vector<std::string> failures;  // lines that say why it went no further, with what they mean
};

// `lines` in the order of time. `put`: a write, else a read.
Recognised recognise(const std::vector<TimedLine>& lines, const SectionTimes& sections, bool put);

}  // namespace cuttle::trace
