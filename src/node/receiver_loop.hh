// Stages 4 to 8 as a thread: datagrams from the lanes' sockets, through filter, AEAD, replay window and
// reassembly, and the packets in them, if their source is the peer's, to the TUN.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "engine/interrupt_moderation.hh"
#include "engine/lane.hh"
#include "engine/lane_handover.hh"
#include "engine/relay_node.hh"
#include "io/clock.hh"
#include "io/cpu_affinity.hh"
#include "io/cpu_throttle.hh"
#include "io/event_queue.hh"

namespace cuttle {

class ReceiverLoop {
 public:
  // The lanes and the wake-up of the handshakes' thread outlive the loop.
  static Result<std::unique_ptr<ReceiverLoop>> create(std::vector<Lane*> lanes, const WakeUp& handshakes,
                                                      bool spin);

  // `realtime`: the thread has real-time priority, so it must leave something to others whatever comes in.
  void run(const std::atomic<bool>& stop, bool realtime);
  void wake_up() const { wake_up_.set(); }
  // Before run(), as with the packer's (packer_loop.hh).
  void set_relay(RelayNode& relay);

  // While it runs; from the control thread.
  Result<void> add(Lane& lane);
  void remove(Lane& lane);
  // Once in a while, from the handshakes' thread: a loop that keeps to one CPU and is not run there may run
  // anywhere again. It cannot see to that by itself, nor can the control thread, which may be waiting for it.
  void handle_timeout(Instant now);

 private:
  ReceiverLoop(std::vector<Lane*> lanes, const WakeUp& handshakes, EventQueue events, WakeUp wake_up,
               bool spin);

  void handle_lanes();
  // What has come, or much of it.
  void read(Lane& lane);
  // Leaves others a share of it, and runs where it is run best.
  void look_after_cpu(Instant now);
  // Where datagrams of all lanes come in, if that is one CPU on which this thread may run.
  std::optional<uint32_t> arrival_cpu() const;

  std::vector<Lane*> lanes_;
  LaneHandover change_;
  const WakeUp& handshakes_;
  EventQueue events_;
  WakeUp wake_up_;
  bool spin_;
  RelayNode* relay_ = nullptr;  // null: it relays nothing
  InterruptModeration moderation_;
  CpuThrottle throttle_ = CpuThrottle::of_receiver();
  CpuAffinity affinity_;
  std::vector<uint32_t> cpus_;  // where it may run
  // The handshakes' thread asks a loop that keeps to one CPU whether it is run, and ends that when no answer
  // comes.
  std::atomic<bool> keeps_to_one_{false};
  std::atomic<bool> asked_{false};
  std::atomic<int32_t> thread_{0};
  Instant asked_at_{};  // the handshakes' thread's
  MonotonicClock clock_;
  std::unique_ptr<uint8_t[]> buffer_;
};

}  // namespace cuttle
