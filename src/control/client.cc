#include "control/client.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/trusted_path.hh"
#include "control/socket_address.hh"
#include "io/clock.hh"

namespace cuttle {

namespace {

class Exchange {
 public:
  Exchange(const std::string& path, Duration timeout) : path_(path), deadline_(steady_now() + timeout) {}

  Result<void> connect(const MayBeAgents& may_be_agents) {
    const auto address = socket_address(path_);
    if (!address) return tl::unexpected(address.error());
    for (;;) {
      auto connection = connect_once(*address);
      if (connection) {
        socket_ = std::move(*connection);
        const auto who = listener_of(socket_);
        if (!may_be_agents || (who && may_be_agents(who->uid))) return {};
        return failure("control socket " + path_ + ": no agent answers there, but a program of user " +
                       (who ? std::to_string(who->uid) : "?"));
      }
      if (connection.error() != EAGAIN) return refused(connection.error());
      if (left_ms() == 0) return late();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // its queue is full
    }
  }

  Result<void> send(std::string_view text) {
    while (!text.empty()) {
      if (const auto ready = wait(POLLOUT); !ready) return ready;
      const ssize_t put = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (put < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (put < 0) return os_failure("control socket " + path_, errno);
      text.remove_prefix(static_cast<size_t>(put));
    }
    return {};
  }

  Result<std::string> receive() {
    std::string text;
    char piece[16384];
    for (;;) {
      if (const auto ready = wait(POLLIN); !ready) return tl::unexpected(ready.error());
      const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got < 0) return os_failure("control socket " + path_, errno);
      if (got == 0) break;
      text.append(piece, static_cast<size_t>(got));
      if (text.size() > kLongestResponseBytes)
        return failure("control socket " + path_ + ": the answer does not end");
    }
    if (text.empty()) return failure("control socket " + path_ + ": closed without an answer");
    return text;
  }

 private:
  int left_ms() const {
    const int64_t left = (deadline_ - steady_now()).ns / 1'000'000;
    return static_cast<int>(std::clamp<int64_t>(left, 0, INT32_MAX));
  }
  Result<void> wait(short events) {
    for (;;) {
      pollfd one{socket_.get(), events, 0};
      const int ready = ::poll(&one, 1, left_ms());
      if (ready > 0) return {};
      if (ready == 0) return late();
      if (errno != EINTR) return os_failure("poll", errno);
    }
  }
  tl::unexpected<Error> late() const {
    return failure("control socket " + path_ + ": no answer in time; is the agent stuck?");
  }
  tl::unexpected<Error> refused(int error) const {
    const std::string what = "control socket " + path_;
    if (error == ENOENT || error == ECONNREFUSED) return failure(what + ": no agent is running there");
    return os_failure(what, error, error == EACCES ? "ask as the user that runs the agent, or as root" : "");
  }

  std::string path_;
  Instant deadline_;
  FileDescriptor socket_;
};

}  // namespace

Result<std::string> ask_agent(const std::string& path, std::string_view request, Duration timeout,
                              const MayBeAgents& may_be_agents) {
  Exchange exchange(path, timeout);
  if (const auto connected = exchange.connect(may_be_agents); !connected)
    return tl::unexpected(connected.error());
  if (const auto sent = exchange.send(request_line(request)); !sent) return tl::unexpected(sent.error());
  auto document = exchange.receive();
  if (!document) return document;
  return parse_response(std::move(*document));
}

bool agent_is_there(const std::string& path, const MayBeAgents& may_be_agents) {
  const auto file = open_by_trusted_links(path, O_PATH);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const auto address = socket_address("/proc/self/fd/" + std::to_string(file->get()));
  if (!address) return false;
  const auto connection = connect_once(*address);
  if (!connection) return connection.error() == EAGAIN && may_be_agents(status.st_uid);  // its queue is full
  const auto who = listener_of(*connection);
  return who && may_be_agents(who->uid);
}

std::string cgroup_of_agent(const std::string& path) {
  const auto address = socket_address(path);
  const auto connection = address ? connect_once(*address) : tl::unexpected(ENOENT);
  const auto who = connection ? listener_of(*connection) : std::nullopt;
  if (!who) return "";
  std::ifstream file("/proc/" + std::to_string(who->pid) + "/cgroup");
  std::string group;
  for (std::string line; std::getline(file, line);) {
    // "0::/system.slice/x" of the one hierarchy; "4:cpu,cpuacct:/x" where there are several.
    const size_t second = line.find(':', line.find(':') + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(0, second);
    if (group.empty() || controllers.find(":cpu") != std::string::npos) group = line.substr(second + 1);
  }
  return group;
}

std::string control_socket_of(std::string_view node) {
  return std::string(kControlFolder) + "/" + std::string(node) + ".sock";
}

namespace {

std::string beside(const std::string& control_socket, std::string_view end) {
  constexpr std::string_view kEnd = ".sock";
  const bool has_end = control_socket.ends_with(kEnd);
  return control_socket.substr(0, control_socket.size() - (has_end ? kEnd.size() : 0)) + std::string(end);
}

}  // namespace

std::string status_socket_of(const std::string& control_socket) {
  return beside(control_socket, ".status");
}

std::string mesh_socket_of(const std::string& control_socket) {
  return beside(control_socket, ".mesh");
}

std::vector<std::string> find_status_sockets(const std::string& folder) {
  std::vector<std::string> found = find_control_sockets(folder);
  std::error_code gone;
  for (std::string& path : found) {
    const std::string status = status_socket_of(path);
    if (std::filesystem::is_socket(status, gone)) path = status;
  }
  return found;
}

std::vector<std::string> find_control_sockets(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    if (entry->path().extension() == ".sock" && entry->is_socket(gone))
      found.push_back(entry->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace cuttle
