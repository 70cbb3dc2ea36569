// Stage 1 as a thread: packets from the TUN interfaces into the lanes' slot rings. All work that depends on
// payload before the wire happens here, never on the pacer's thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "engine/lane.hh"
#include "engine/lane_handover.hh"
#include "engine/packer_stage.hh"
#include "engine/relay_node.hh"
#include "io/clock.hh"
#include "io/event_queue.hh"

namespace cuttle {

class PackerLoop {
 public:
  // The lanes outlive the loop. `spin`: poll, never sleep.
  static Result<std::unique_ptr<PackerLoop>> create(std::vector<Lane*> lanes, bool spin);

  // Until `stop` is set and wake_up() was called.
  void run(const std::atomic<bool>& stop);
  void wake_up() const { wake_up_.set(); }
  // Before run(): all links of the node have their packers here, and it relays. It outlives the loop.
  void set_relay(RelayPacking& relay);

  // While it runs; from the control thread.
  Result<void> add(Lane& lane);
  void remove(Lane& lane);

 private:
  using Outcome = PackerStage::Outcome;

  struct Source {
    Lane* lane;
    Outcome outcome = Outcome::more;
  };

  PackerLoop(EventQueue events, WakeUp wake_up, bool spin);
  void serve(std::unique_ptr<Source> source);
  Result<void> watch(Source& source);

  std::vector<std::unique_ptr<Source>> sources_;
  LaneHandover change_;
  std::unique_ptr<Source> coming_;  // of a lane that joins
  EventQueue events_;
  WakeUp wake_up_;
  bool spin_;
  RelayPacking* relay_ = nullptr;  // null: it relays nothing
  MonotonicClock clock_;
  PackerStage packer_stage_;
};

}  // namespace cuttle
