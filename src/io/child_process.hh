// A child process with pipes. The descriptors and the process end with the object.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"
#include "io/clock.hh"

namespace cuttle {

struct Pipe {
  FileDescriptor reading;
  FileDescriptor writing;
};
Result<Pipe> make_pipe();  // closed on exec

class ChildProcess {
 public:
  // Starts `arguments` (the first is the program: a path, or a name that is looked for in PATH). Each pair of
  // `descriptors` is (ours, the number the child sees it under); everything else but 0, 1, 2 is closed.
  static Result<ChildProcess> start(const std::vector<std::string>& arguments,
                                    const std::vector<std::pair<int, int>>& descriptors);
  ~ChildProcess();  // ends the process, by force if need be
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  ChildProcess& operator=(ChildProcess&&) = delete;

  // The exit status (128 + the signal's number for one that a signal ended); none when it still runs at
  // `deadline`.
  std::optional<int> wait_until(Instant deadline);
  // By force. To be used when its time is up.
  void end();
  // Lets it run on, by itself.
  void leave() { pid_ = -1; }

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

// To a process of anybody's. One that is gone is no error.
void signal_process(pid_t pid, int signal);

// Waits for something to read until `deadline` and appends it to `text`. False at the end of the stream and
// when the time is up (`at_end` tells them apart).
bool read_more(int fd, Instant deadline, std::string& text, bool& at_end);

}  // namespace cuttle
