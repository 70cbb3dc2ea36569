// Seastar's own Prometheus endpoint: what its reactors count, and what the lanes do (Sending, Receiving).
// Served by the shards themselves, in between; what it says about a link's load is as secret as the load
// itself.
#pragma once

#include <seastar/core/future.hh>
#include <seastar/http/httpd.hh>

#include "base/ip.hh"
#include "seastar/refusal.hh"

namespace cuttle {

class MetricsServer {
 public:
  // Where it cannot listen: what a person should know.
  seastar::future<Refusal> start(Endpoint listen);
  // Whether it was started or not.
  seastar::future<> stop();

 private:
  seastar::httpd::http_server_control server_;
  bool started_ = false;
};

}  // namespace cuttle
