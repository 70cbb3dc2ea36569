// A command that is run should this process end without having revoked it, however it ends: a second process
// waits for that. For `cuttle up --confirm`, where a crash must not leave somebody locked out.
#pragma once

#include <string>
#include <vector>

#include "base/file_descriptor.hh"
#include "base/result.hh"

namespace cuttle {

class DeadMansSwitch {
 public:
  // `command`: the path of a program and its arguments; it inherits the environment, standard streams and
  // privileges that this process has now. Call before threads start, secrets are read or privileges are given
  // away.
  static Result<DeadMansSwitch> make(std::vector<std::string> command);

  // Nothing will be run. Without it, the command runs when the object or the process ends.
  void revoke();

 private:
  explicit DeadMansSwitch(FileDescriptor pipe) : pipe_(std::move(pipe)) {}
  FileDescriptor pipe_;
};

}  // namespace cuttle
