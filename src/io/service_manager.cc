#include "io/service_manager.hh"

#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace cuttle {

namespace {

std::optional<uint64_t> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  uint64_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager ServiceManager::find() {
  ServiceManager manager;
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return manager;
  std::string address(path);
  if (address.size() >= sizeof(sockaddr_un::sun_path)) return manager;
  if (address[0] == '@') address[0] = '\0';
  manager.socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  manager.address_ = std::move(address);
  const auto process = number_in("WATCHDOG_PID");
  const auto limit_us = number_in("WATCHDOG_USEC");
  if (limit_us && *limit_us > 0 && (!process || *process == static_cast<uint64_t>(::getpid()))) {
    manager.watchdog_interval_ = microseconds(static_cast<int64_t>(*limit_us / 2));
  }
  return manager;
}

void ServiceManager::tell(std::string_view what) const {
  if (!socket_) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  // A path ends with a zero byte; an abstract name is as long as it is.
  const size_t size = offsetof(sockaddr_un, sun_path) + address_.size() + (address_[0] == '\0' ? 0 : 1);
  (void)::sendto(socket_.get(), what.data(), what.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

}  // namespace cuttle
