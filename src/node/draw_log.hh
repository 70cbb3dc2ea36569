// For debugging only: the instant that the schedule drew for each train, in the form that `cuttle audit
// --schedule` reads, so that it can be seen how much an attacker would gain who knew the draws. Off unless
// `cuttle up --debug-draws FILE` asks for it.
#pragma once

#include <memory>
#include <string>

#include "base/result.hh"
#include "engine/drawn_release.hh"
#include "node/debug_file.hh"

namespace cuttle {

// Control thread.
class DrawLog {
 public:
  static Result<std::unique_ptr<DrawLog>> open(const std::string& path);

  // Writes what waits. `wall_ns_at_zero`: the wall clock's time at the instant 0.
  void write(const std::string& link, DrawnReleases& releases, int64_t wall_ns_at_zero);

 private:
  explicit DrawLog(DebugFile file) : file_(std::move(file)) {}
  DebugFile file_;
};

}  // namespace cuttle
