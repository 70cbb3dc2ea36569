// One new TCP connection, to see whether it is let through: an answer of any kind, a refusal among them,
// shows that it came there and back.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ip.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

struct TcpAttempt {
  Endpoint to;
  std::optional<IpAddress> from = {};  // nullopt: as the routes say
  Duration timeout = seconds(1);
};

enum class TcpAnswer {
  accepted,
  refused,  // by a reset: the other end, or a firewall in its name, heard it
  none,
};

struct TcpOutcome {
  TcpAnswer answer = TcpAnswer::none;
  int error = 0;  // this host would not send it, or somebody on the way said no
};

// A connection that comes about is reset at once. Fails where no such socket can be had.
Result<TcpOutcome> try_tcp(const TcpAttempt& attempt);

}  // namespace cuttle
