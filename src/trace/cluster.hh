// The tracer's own line to the cluster: where an object lives, and the OSDs' historic operations.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "io/child_process.hh"
#include "trace/traced_client.hh"

namespace cuttle::trace {

class Cluster {
 public:
  // Connects; fails with Ceph's error or at `deadline`.
  static Result<std::unique_ptr<Cluster>> connect(const ClientOptions& options, Instant deadline);
  // What was changed in the OSDs is changed back.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // What the monitors answer to a command without arguments ("mon dump"), in JSON.
  Result<std::string> ask_monitor(const std::string& prefix, Instant deadline);
  Result<std::string> version(Instant deadline);  // "16.2.15"
  // The OSDs that hold the object, the primary first.
  Result<std::vector<int>> acting(const std::string& pool, const std::string& object, Instant deadline);
  Result<std::map<int, std::string>> addresses(Instant deadline);  // OSD to host address
  // Lets the OSD keep more operations in its history, until this object goes. In the OSD's memory only.
  Result<void> widen_history(int osd, Instant deadline);
  Result<std::string> history(int osd, Instant deadline);    // dump_historic_ops
  Result<std::string> in_flight(int osd, Instant deadline);  // dump_ops_in_flight: the same form
  Result<std::string> health(Instant deadline);              // "HEALTH_ERR: 1 full osd(s); 1 pool(s) full"

 private:
  Cluster(ChildProcess process, FileDescriptor to, FileDescriptor from);
  Result<std::string> ask(const std::string& request, Instant deadline);
  Result<std::string> read_line(Instant deadline);

  ChildProcess process_;
  FileDescriptor to_;
  FileDescriptor from_;
  std::string unread_;
  bool broken_ = false;  // an answer is overdue: what comes next would be to another question
};

}  // namespace cuttle::trace
