// Runs a service as systemd would run one of Type=notify: until it says that it is ready, then SIGTERM, then
// until it ends. Prints what it said meanwhile and its exit status.
//   notified -- cuttle up --config osd0.toml
// With --watchdog-ms, as one with WatchdogSec=: until it was alive so often.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "base/file_descriptor.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr int kTimeoutMs = 20'000;

FileDescriptor open_socket(const std::string& path) {
  FileDescriptor fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) die("too long a path: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    die_of_errno("socket " + path);
  }
  return fd;
}

struct Watchdog {
  uint64_t limit_ms = 0;  // 0: none
  size_t beats = 0;
};

pid_t start(const std::vector<std::string>& words, const std::string& path, const Watchdog& watchdog) {
  const pid_t child = fork();
  if (child < 0) die_of_errno("fork");
  if (child > 0) return child;
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  if (watchdog.limit_ms > 0) setenv("WATCHDOG_USEC", std::to_string(watchdog.limit_ms * 1000).c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  die_of_errno(words[0]);
}

// Everything said until `last` was, or nothing more was for too long.
void listen_until(int fd, const std::string& last, std::vector<std::string>& said) {
  while (said.empty() || said.back() != last) {
    pollfd waiting{fd, POLLIN, 0};
    if (poll(&waiting, 1, kTimeoutMs) <= 0) return;
    char message[4096];
    const ssize_t bytes = recv(fd, message, sizeof(message), 0);
    if (bytes > 0) said.emplace_back(message, static_cast<size_t>(bytes));
  }
}

int run(int argc, char** argv) {
  CLI::App app("Runs a service as systemd would run one of Type=notify", "notified");
  std::vector<std::string> words;
  std::string path;
  Watchdog watchdog;
  app.add_option("--watchdog-ms", watchdog.limit_ms);
  app.add_option("--beats", watchdog.beats, "to wait for");
  app.add_option("--socket", path, "where to listen; must not exist")->required();
  app.add_option("COMMAND", words)->required();
  CLI11_PARSE(app, argc, argv);
  const FileDescriptor fd = open_socket(path);
  const pid_t child = start(words, path, watchdog);
  std::vector<std::string> said;
  listen_until(fd.get(), "READY=1", said);
  for (size_t beat = 0; beat < watchdog.beats; ++beat) {
    std::vector<std::string> next;
    listen_until(fd.get(), "WATCHDOG=1", next);
    said.insert(said.end(), next.begin(), next.end());
  }
  kill(child, SIGTERM);
  listen_until(fd.get(), "STOPPING=1", said);
  int status = 0;
  waitpid(child, &status, 0);
  unlink(path.c_str());
  print({{"said", said}, {"exit_status", WIFEXITED(status) ? WEXITSTATUS(status) : -1}});
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
