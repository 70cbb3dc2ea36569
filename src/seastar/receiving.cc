#include "seastar/receiving.hh"

#include <chrono>
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "engine/receiving.hh"
#include "seastar/lane_metrics.hh"

namespace cuttle {

namespace {

// What one train takes, from the socket to the TUN, with room to spare.
constexpr Duration kReceiveOneTrain = microseconds(40);
constexpr std::chrono::milliseconds kReportEvery(100);

}  // namespace

Result<std::unique_ptr<Receiving>> Receiving::create(Lane& lane, Pacer& pacer, Rest& rest,
                                                     const WakeUp& control, MutableBytes buffer,
                                                     ReportLosses report, const std::string& peer) {
  auto socket = Readiness::watch(lane.socket.fd());
  if (!socket) return tl::unexpected(socket.error());
  std::unique_ptr<Receiving> receiving(
      new Receiving(lane, pacer, rest, control, buffer, std::move(report), std::move(*socket)));
  add_receiving_metrics(receiving->metrics_, lane, peer);
  return receiving;
}

Receiving::Receiving(Lane& lane, Pacer& pacer, Rest& rest, const WakeUp& control, MutableBytes buffer,
                     ReportLosses report, Readiness socket)
    : lane_(lane),
      pacer_(pacer),
      rest_(rest),
      control_(control),
      socket_(std::move(socket)),
      buffer_(buffer),
      report_([this, report = std::move(report)] {
        report({lane_.receiver.loss_65536ths(), lane_.receiver.reported_loss_65536ths()});
      }) {}

void Receiving::start() {
  report_.arm_periodic(kReportEvery);
  received_ = receive();
}

seastar::future<> Receiving::stop() {
  stopping_ = true;
  report_.cancel();
  socket_.end();
  return std::exchange(received_, seastar::make_ready_future<>());
}

void Receiving::obey() {
  obey_as_receiver(lane_);
}

seastar::future<> Receiving::receive() {
  while (!stopping_) {
    co_await socket_.readable();
    bool more = true;
    while (more && !stopping_) {
      if (rest_.is_due()) co_await rest_.take();
      if (!pacer_.has_time_for(kReceiveOneTrain)) co_await pacer_.turn_for(kReceiveOneTrain);
      if (stopping_) break;
      obey_as_receiver(lane_);
      const TrainReceived received = receive_train(lane_, buffer_);
      if (received.for_control) control_.set();
      more = received.more;
      co_await seastar::coroutine::maybe_yield();
    }
  }
}

}  // namespace cuttle
