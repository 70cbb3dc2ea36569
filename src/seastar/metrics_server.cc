#include "seastar/metrics_server.hh"

#include <fmt/format.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/prometheus.hh>
#include <seastar/net/inet_address.hh>

namespace cuttle {

seastar::future<Refusal> MetricsServer::start(Endpoint listen) {
  co_await server_.start("metrics");
  started_ = true;
  co_await seastar::prometheus::start(server_, {});
  try {
    co_await server_.listen(
        seastar::socket_address(seastar::net::inet_address(listen.address.to_string()), listen.port));
  } catch (const std::exception& error) {
    co_return Error{fmt::format("--metrics {}: cannot listen there: {}", listen.to_string(), error.what())};
  }
  co_return std::nullopt;
}

seastar::future<> MetricsServer::stop() {
  if (started_) co_await server_.stop();
}

}  // namespace cuttle
