// What else there is of the receiving side of one lane on its shard: what it learns of losses goes to the
// shard of the sending side, on the clock, as a message; and its metrics.
#pragma once

#include <functional>
#include <seastar/core/future.hh>
#include <seastar/core/metrics_registration.hh>
#include <seastar/core/timer.hh>
#include <string>

#include "engine/lane.hh"
#include "engine/packer_stage.hh"
#include "seastar/tasks.hh"

namespace cuttle {

class Receiving {
 public:
  using ReportLosses = std::function<seastar::future<>(const Losses&)>;

  // The lane outlives it. `peer`: the name of its link, for the metrics.
  Receiving(Lane& lane, ReportLosses report, const std::string& peer);

  seastar::future<> stop();

  Lane& lane() { return lane_; }

 private:
  Lane& lane_;
  seastar::timer<> report_;
  seastar::metrics::metric_groups metrics_;
  Tasks tasks_;
};

}  // namespace cuttle
