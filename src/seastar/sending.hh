// The sending side of one lane on its shard: stage 1 as a coroutine that waits for the TUN, and the lane's
// place with the shard's pacer for stages 2 and 3.
#pragma once

#include <functional>
#include <memory>
#include <seastar/core/future.hh>
#include <seastar/core/metrics_registration.hh>
#include <string>

#include "engine/packer_stage.hh"
#include "seastar/pacer.hh"
#include "seastar/readiness.hh"
#include "seastar/tasks.hh"

namespace cuttle {

class Sending {
 public:
  // Lane, pacer and packer stage (those of this shard) outlive it. `peer`: the name of its link, for the
  // metrics.
  // After each packet `packed` is called, for what goes by other lanes then.
  static Result<std::unique_ptr<Sending>> create(Lane& lane, Pacer& pacer, PackerStage& packer_stage,
                                                 const std::string& peer, std::function<void()> packed);

  void start();
  // After this nothing here touches the lane.
  seastar::future<> stop();

  // There is something to pack that is not in the TUN.
  void nudge();

  Lane& lane() { return lane_; }
  void handle_losses(const Losses& losses);

 private:
  Sending(Lane& lane, Pacer& pacer, PackerStage& packer_stage, Readiness tun, std::function<void()> packed);
  seastar::future<> pack();

  Lane& lane_;
  Pacer& pacer_;
  Readiness tun_;
  PackerStage& packer_stage_;
  std::function<void()> packed_;
  Losses losses_;
  seastar::metrics::metric_groups metrics_;
  bool waits_ = false;  // for the TUN
  bool stopping_ = false;
  Tasks tasks_;
};

}  // namespace cuttle
