// Endpoints as the system's calls want them, and socket options without ceremony.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "base/ip.hh"

namespace cuttle {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

inline SocketAddress socket_address(const Endpoint& endpoint) {
  SocketAddress result;
  if (endpoint.address.is_v6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    std::memcpy(&v6.sin6_addr, endpoint.address.bytes.data(), 16);
    std::memcpy(&result.storage, &v6, sizeof(v6));
    result.size = sizeof(v6);
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, endpoint.address.bytes.data(), 4);
    std::memcpy(&result.storage, &v4, sizeof(v4));
    result.size = sizeof(v4);
  }
  return result;
}

// False, with errno, when the system refuses.
inline bool set_option(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof(value)) == 0;
}

}  // namespace cuttle
