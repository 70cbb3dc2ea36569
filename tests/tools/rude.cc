// Clients of a control socket that misbehave, several at once:
//   garbage: words that are no request      half: a request without its end      silent: says nothing
//   endless: never stops talking            deaf: asks and never reads           leaver: asks and goes at
//   once
// Each holds its connection for a while, then leaves. Prints how many got an answer and how many were cut
// off.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/file_descriptor.hh"
#include "io/clock.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

const std::map<std::string, std::string>& words() {
  static const std::map<std::string, std::string> all{
      {"garbage", std::string("\xff\xfe{\"request\":[[[[\x01\n")},
      {"half", R"({"request":"sta)"},
      {"silent", ""},
      {"endless", std::string(1 << 20, 'x')},
      {"deaf", "{\"request\":\"status\"}\n"},
      {"leaver", "{\"request\":\"status\"}\n"},
  };
  return all;
}

FileDescriptor connect_to(const std::string& path) {
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) die("too long a path: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  // Its queue may be full: that is one way to be turned away.
  if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return {};
  return fd;
}

int run(int argc, char** argv) {
  CLI::App app("Clients of a control socket that misbehave", "rude");
  std::string path;
  std::string kind = "garbage";
  size_t count = 1;
  int64_t hold_ms = 1000;
  app.add_option("--socket", path)->required();
  app.add_option("--kind", kind);
  app.add_option("--count", count);
  app.add_option("--hold-ms", hold_ms);
  CLI11_PARSE(app, argc, argv);
  const auto said = words().find(kind);
  if (said == words().end()) die("no such kind: " + kind);

  std::vector<FileDescriptor> clients;
  for (size_t i = 0; i < count; ++i) {
    clients.push_back(connect_to(path));
    if (clients.back()) send(clients.back().get(), said->second.data(), said->second.size(), MSG_NOSIGNAL);
    if (kind == "leaver") clients.back() = FileDescriptor();
  }
  const MonotonicClock clock;
  clock.sleep_until(clock.now() + milliseconds(hold_ms));
  size_t answered = 0;
  size_t cut_off = 0;
  for (const FileDescriptor& client : clients) {
    char answer[65536];
    if (!client) continue;
    const ssize_t got = recv(client.get(), answer, sizeof(answer), 0);
    if (got > 0) ++answered;
    if (got == 0 || (got < 0 && errno == ECONNRESET)) ++cut_off;
  }
  print({{"answered", answered}, {"cut_off", cut_off}});
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
