// A second process of ours that keeps a privilege which this one gives away, and does one thing with it when
// it is asked: for reading key files anew after the agent has become another user. It hears nothing but that
// it is asked, from nobody but this process; no octet of a stranger's reaches it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.hh"
#include "base/time.hh"
#include "io/file_descriptor.hh"

namespace cuttle {

class Servant {
 public:
  // `serve` runs in the second process each time that it is asked, and is what it answers. The process keeps
  // these capabilities, where it has them, and the system calls of an agent; its memory is locked where
  // that is permitted. It ends when this object or this process does. Call before threads start, secrets are
  // read or privileges are given away.
  static Result<Servant> make(std::function<std::string()> serve, std::span<const std::string> capabilities);

  // Waits at most `timeout` in all. What comes back may hold secrets: wipe it after use. After a failure
  // every later call fails, too: an answer that comes late would be taken for the next one.
  Result<std::string> ask(Duration timeout);

 private:
  explicit Servant(FileDescriptor socket) : socket_(std::move(socket)) {}
  std::optional<std::string> receive_answer(Instant until) const;

  FileDescriptor socket_;
};

}  // namespace cuttle
