// One ICMP echo of a given size: whether a path carries packets of that kind. Needs CAP_NET_RAW.
// Source: RFC 792, RFC 4443; ip(7), IP_MTU_DISCOVER; ipv6(7), raw(7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ip.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

struct Echo {
  IpAddress to;
  size_t ip_bytes = 64;                // of the whole packet; kMinEchoBytes of its family at least
  std::optional<IpAddress> from = {};  // nullopt: as the routes say
  std::string interface = {};          // out of this one alone, whatever the routes say; empty: as they say
  uint32_t firewall_mark = 0;
  bool may_be_cut =
      false;  // into fragments; otherwise nobody may, and the path is asked, not the kernel's memory
  Duration timeout = seconds(1);
};

constexpr size_t min_echo_bytes(bool v6) {
  return v6 ? 48 : 28;
}

struct EchoOutcome {
  bool answered = false;
  Duration round_trip{};
  int send_error = 0;  // this host refused to send it: EMSGSIZE, EPERM, ENETUNREACH, ...
};

// Fails where no such socket can be had. Precondition: the size is one that its family has, 65535 at most.
Result<EchoOutcome> send_echo(const Echo& echo);

}  // namespace cuttle
