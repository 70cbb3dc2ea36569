// Stages 4 to 8 as a thread: datagrams from the lanes' sockets, through filter, AEAD, replay window and
// reassembly, and the packets in them, if their source is the peer's, to the TUN.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "io/clock.hh"
#include "io/cpu_guard.hh"
#include "io/event_queue.hh"
#include "io/placement.hh"
#include "node/gathering.hh"
#include "node/lane.hh"
#include "node/lane_change.hh"

namespace cuttle {

class ReceiverLoop {
 public:
  // The lanes and the wake-up of the control thread outlive the loop.
  static Result<std::unique_ptr<ReceiverLoop>> create(std::vector<Lane*> lanes, const WakeUp& control,
                                                      bool spin);

  // `realtime`: the thread has real-time priority, so it must leave something to others whatever comes in.
  void run(const std::atomic<bool>& stop, bool realtime);
  void wake_up() const { wake_up_.set(); }

  // While it runs; from the control thread.
  Result<void> add(Lane& lane);
  void remove(Lane& lane);

 private:
  ReceiverLoop(std::vector<Lane*> lanes, const WakeUp& control, EventQueue events, WakeUp wake_up, bool spin);

  void handle_lanes();
  // The trains that wait, or many of them.
  size_t read(Lane& lane);
  // Leaves others a share of it, and runs where it is run best. `last`: a lane that was just read.
  void look_after_cpu(const Lane& last);

  std::vector<Lane*> lanes_;
  LaneChange change_;
  const WakeUp& control_;
  EventQueue events_;
  WakeUp wake_up_;
  bool spin_;
  Gathering gathering_;
  CpuGuard guard_;
  Placement placement_;
  std::vector<uint32_t> cpus_;  // where it may run
  MonotonicClock clock_;
  std::unique_ptr<uint8_t[]> buffer_;
};

}  // namespace cuttle
