#include "io/dead_mans_switch.hh"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "io/os_error.hh"

namespace cuttle {

namespace {

// The waiting process. It sees the pipe's end when nobody holds the other one any more.
[[noreturn]] void wait_and_run(int pipe, std::vector<std::string>& command) {
  setsid();  // a ^C on the terminal is for the process that is watched
  // It must neither keep a reader of our output waiting forever nor hold what else is open.
  char revoked = 0;
  ssize_t got = 0;
  while ((got = ::read(pipe, &revoked, 1)) < 0 && errno == EINTR) {
  }
  if (got != 0) _exit(0);
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  execv(words[0], words.data());
  _exit(127);
}

}  // namespace

Result<DeadMansSwitch> DeadMansSwitch::make(std::vector<std::string> command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return os_failure("cannot make a pipe", errno);
  FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  std::signal(SIGCHLD, SIG_IGN);  // nobody waits for the process: it leaves nothing when it ends
  std::signal(SIGPIPE, SIG_IGN);  // should somebody have ended it
  const pid_t child = fork();
  if (child < 0) return os_failure("cannot start a second process", errno);
  if (child == 0) {
    writing = FileDescriptor();
    wait_and_run(reading.get(), command);
  }
  return DeadMansSwitch(std::move(writing));
}

void DeadMansSwitch::revoke() {
  const char byte = 1;
  while (pipe_ && ::write(pipe_.get(), &byte, 1) < 0 && errno == EINTR) {
  }
  pipe_ = FileDescriptor();
}

}  // namespace cuttle
