#include "seastar/receiving.hh"

#include <chrono>

#include "seastar/lane_metrics.hh"

namespace cuttle {

namespace {

constexpr std::chrono::milliseconds kReportEvery(100);

}  // namespace

Receiving::Receiving(Lane& lane, ReportLosses report, const std::string& peer)
    : lane_(lane), report_([this, report = std::move(report)] {
        const Losses losses{lane_.receiver.loss_65536ths(), lane_.receiver.reported_loss_65536ths()};
        tasks_.start("a report of losses", [&] { return report(losses); });
      }) {
  add_receiving_metrics(metrics_, lane, peer);
  report_.arm_periodic(kReportEvery);
}

seastar::future<> Receiving::stop() {
  report_.cancel();
  return tasks_.close();
}

}  // namespace cuttle
