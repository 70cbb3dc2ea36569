// The agent's end of the control socket: a Unix stream socket that its owner alone may use (mode 0600),
// unless a group is named. Driven by one thread with poll(2); never blocks. Whatever clients do, half a
// request, garbage, an endless one, never reading: they are bounded in number, in bytes and in time, and hold
// up neither the agent nor each other.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "base/time.hh"
#include "control/protocol.hh"
#include "control/socket_file.hh"

namespace cuttle {

class ControlServer {
 public:
  struct Limits {
    size_t clients = 16;  // more wait in the kernel's queue, unaccepted
    size_t request_bytes = kLongestRequestBytes;
    Duration client_time = seconds(2);  // from its connection to its last byte
    std::optional<gid_t> group = {};    // whose members may use it, too (mode 0660)
  };
  // Answers a request with one JSON document, or says why not. Called on the thread that drives the server.
  using Handler = std::function<Result<std::string>(const std::string& request)>;

  // Makes the socket, and its folder if only that is missing. A socket that a dead agent left behind is
  // replaced; one that answers, or a file that is no socket, is an error.
  static Result<std::unique_ptr<ControlServer>> open(const std::string& path, Handler handler, Limits limits);
  static Result<std::unique_ptr<ControlServer>> open(const std::string& path, Handler handler) {
    return open(path, std::move(handler), Limits());
  }
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  // Removes the socket, if it is still this one and this process may: an agent that is confined has its
  // helper do it (Machine::handle_end).
  ~ControlServer();

  // What to wait for; ask again after every handle_* call.
  std::vector<pollfd> poll_fds() const;
  // `ready`: poll_fds() as poll(2) filled it in, at least its own part (others are ignored).
  void handle_ready(Instant now, std::span<const pollfd> ready);
  // Ends clients whose time is over.
  void handle_timeout(Instant now);
  // When to call handle_timeout; never() without clients.
  Instant next_timeout() const;

  size_t clients() const { return clients_.size(); }
  const std::string& path() const { return path_; }

 private:
  struct Client {
    FileDescriptor socket;
    Instant deadline;
    std::string request{};
    std::string response{};  // empty while the request is being read
    size_t sent = 0;
    bool done = false;
  };

  ControlServer(std::string path, FileDescriptor listener, Handler handler, Limits limits);
  void accept_clients(Instant now);
  void receive(Client& client);
  void answer(Client& client);
  void send(Client& client);

  std::string path_;
  FileDescriptor listener_;
  Handler handler_;
  Limits limits_;
  SocketFile file_;
  Instant accept_again_{INT64_MIN};  // after the process ran out of descriptors
  bool accepting_ = true;
  std::vector<Client> clients_;
};

}  // namespace cuttle
