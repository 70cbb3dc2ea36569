// Serving clients, in the order of a client's life: accept, receive, answer, send.
#include "control/server.hh"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace cuttle {

namespace {

constexpr Duration kAcceptPause = milliseconds(100);

}  // namespace

std::vector<pollfd> ControlServer::poll_fds() const {
  std::vector<pollfd> fds;
  fds.reserve(clients_.size() + 1);
  if (accepting_ && clients_.size() < limits_.clients) fds.push_back({listener_.get(), POLLIN, 0});
  for (const Client& client : clients_) {
    fds.push_back({client.socket.get(), static_cast<short>(client.response.empty() ? POLLIN : POLLOUT), 0});
  }
  return fds;
}

void ControlServer::handle_ready(Instant now, std::span<const pollfd> ready) {
  handle_timeout(now);
  const auto is_ready = [&](int fd) {
    return std::any_of(ready.begin(), ready.end(),
                       [&](const pollfd& one) { return one.fd == fd && one.revents != 0; });
  };
  for (Client& client : clients_) {
    if (!is_ready(client.socket.get())) continue;
    if (client.response.empty()) {
      receive(client);
    } else {
      send(client);
    }
  }
  std::erase_if(clients_, [](const Client& client) { return client.done; });
  // Last, so that no new client takes up the number of one that `ready` speaks of.
  if (is_ready(listener_.get())) accept_clients(now);
}

void ControlServer::handle_timeout(Instant now) {
  std::erase_if(clients_, [&](const Client& client) { return now >= client.deadline; });
  if (now >= accept_again_) accepting_ = true;
}

Instant ControlServer::next_timeout() const {
  Instant next = accepting_ ? Instant::never() : accept_again_;
  for (const Client& client : clients_) next = std::min(next, client.deadline);
  return next;
}

void ControlServer::accept_clients(Instant now) {
  while (clients_.size() < limits_.clients) {
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      clients_.push_back({.socket = std::move(socket), .deadline = now + limits_.client_time});
      continue;
    }
    if (errno == ECONNABORTED || errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    // Out of descriptors or memory: the listener stays ready, so waiting for it would spin.
    accepting_ = false;
    accept_again_ = now + kAcceptPause;
    return;
  }
}

void ControlServer::receive(Client& client) {
  char piece[1024];
  for (;;) {
    const ssize_t got = ::recv(client.socket.get(), piece, sizeof piece, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got < 0) {
      client.done = true;
      return;
    }
    if (got == 0) return answer(client);  // the end of what the client has to say ends the line
    const std::string_view received(piece, static_cast<size_t>(got));
    const size_t line_end = received.find('\n');
    client.request += received.substr(0, line_end);
    if (line_end != std::string_view::npos || client.request.size() > limits_.request_bytes)
      return answer(client);
  }
}

void ControlServer::answer(Client& client) {
  if (client.request.empty()) {
    client.done = true;
    return;
  }
  if (client.request.size() > limits_.request_bytes) {
    client.response =
        error_document("the request is longer than " + std::to_string(limits_.request_bytes) + " bytes");
  } else if (const auto request = parse_request(client.request); !request) {
    client.response = error_document(request.error().message);
  } else if (auto document = handler_(*request)) {
    client.response = std::move(*document);
    client.response += '\n';
  } else {
    client.response = error_document(document.error().message);
  }
  client.request = {};
  send(client);
}

void ControlServer::send(Client& client) {
  while (client.sent < client.response.size()) {
    const ssize_t put = ::send(client.socket.get(), client.response.data() + client.sent,
                               client.response.size() - client.sent, MSG_NOSIGNAL);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (put < 0) break;
    client.sent += static_cast<size_t>(put);
  }
  client.done = true;
}

}  // namespace cuttle
