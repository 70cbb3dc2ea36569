// The signals an agent handles, as something to wait for instead of an interruption.
#pragma once

#include <optional>
#include <string>

#include "base/file_descriptor.hh"
#include "base/result.hh"

namespace cuttle {

class Signals {
 public:
  // Blocks SIGTERM, SIGINT and SIGHUP for the calling thread and all it will start. Call before any thread
  // is.
  static Result<Signals> block_and_watch();

  // To wait on for reading.
  int fd() const { return fd_.get(); }
  // The name of a signal that came ("SIGTERM"); nullopt when none did.
  std::optional<std::string> take() const;

 private:
  explicit Signals(FileDescriptor fd) : fd_(std::move(fd)) {}
  FileDescriptor fd_;
};

}  // namespace cuttle
