// Runs the traced client as a process of its own, reads its log as it comes and ends it when its time is up.
#pragma once

#include <string>

#include "base/result.hh"
#include "base/time.hh"
#include "trace/observation.hh"

namespace cuttle::trace {

struct ClientOptions {
  std::string program;        // the path of cuttle-trace-client
  std::string configuration;  // of Ceph; empty: where Ceph looks by itself
  std::string name = "client.admin";
  double timeout_s = 30;
};

struct OperationWanted {
  bool put = true;
  std::string pool;
  std::string object;
  std::string file;
};

// Where cuttle-trace-client is: $CUTTLE_TRACE_CLIENT, beside this program, in ../libexec/cuttle, or where the
// build leaves it.
Result<std::string> find_client_program();

// The log, the calls and the clock's readings of one operation. Fails only when the client could not run at
// all (or the file is at fault); an operation that fails is an observation, too. `log_copy`: also write the
// log's lines there, without secrets; empty: do not.
Result<Observation> run_client(const ClientOptions& options, const OperationWanted& wanted, Instant deadline,
                               const std::string& log_copy);

}  // namespace cuttle::trace
