// The receiving side of one lane on its shard: stages 4 to 8 as a coroutine that waits for the socket. What
// it learns of losses goes to the shard of the sending side, on the clock, as a message.
#pragma once

#include <functional>
#include <memory>
#include <seastar/core/future.hh>
#include <seastar/core/metrics_registration.hh>
#include <seastar/core/timer.hh>
#include <string>

#include "engine/packing.hh"
#include "io/event_queue.hh"
#include "seastar/pacer.hh"
#include "seastar/readiness.hh"
#include "seastar/rest.hh"

namespace cuttle {

class Receiving {
 public:
  using ReportLosses = std::function<void(const Losses&)>;

  // Lane, pacer and rest (those of this shard) and `control` (wakes the control thread) outlive it. `peer`:
  // the name of its link, for the metrics.
  static Result<std::unique_ptr<Receiving>> create(Lane& lane, Pacer& pacer, Rest& rest,
                                                   const WakeUp& control, MutableBytes buffer,
                                                   ReportLosses report, const std::string& peer);

  void start();
  seastar::future<> stop();

  Lane& lane() { return lane_; }
  // The control thread has something for this lane.
  void obey();

 private:
  Receiving(Lane& lane, Pacer& pacer, Rest& rest, const WakeUp& control, MutableBytes buffer,
            ReportLosses report, Readiness socket);
  seastar::future<> receive();

  Lane& lane_;
  Pacer& pacer_;
  Rest& rest_;
  const WakeUp& control_;
  Readiness socket_;
  MutableBytes buffer_;
  seastar::timer<> report_;
  seastar::metrics::metric_groups metrics_;
  bool stopping_ = false;
  seastar::future<> received_ = seastar::make_ready_future<>();
};

}  // namespace cuttle
