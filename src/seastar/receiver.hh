// Stages 4 to 8 for all lanes whose receiving side is on this shard: one coroutine that waits until any of
// their sockets has something to read. Where lanes are many it lets arrivals gather
// (engine/interrupt_moderation.hh), so that one wake-up of the reactor serves several. Nothing here allocates
// once the lanes are there.
#pragma once

#include <array>
#include <memory>
#include <seastar/core/condition-variable.hh>
#include <seastar/core/future.hh>
#include <seastar/core/metrics_registration.hh>
#include <seastar/core/timer.hh>
#include <vector>

#include "engine/interrupt_moderation.hh"
#include "engine/lane.hh"
#include "engine/relay_node.hh"
#include "io/clock.hh"
#include "seastar/pacer.hh"
#include "seastar/reactor_throttle.hh"
#include "seastar/readiness.hh"
#include "seastar/tasks.hh"

namespace cuttle {

class Receiver {
 public:
  // Pacer and rest (those of this shard) and `handshakes` (wakes the handshakes' thread) outlive it.
  // `moderates`: not, where the reactor polls, which has no wake-up to save. `relay`: null where the node
  // relays nothing; it outlives the receiver. It runs at once.
  static Result<std::unique_ptr<Receiver>> create(Pacer& pacer, ReactorThrottle& throttle,
                                                  const WakeUp& handshakes, bool moderates, RelayNode* relay);

  Result<void> add(Lane& lane);
  // At once: nothing here touches the lane any more.
  void remove(Lane& lane);
  seastar::future<> stop();

 private:
  Receiver(Pacer& pacer, ReactorThrottle& throttle, const WakeUp& handshakes, bool moderates,
           RelayNode* relay, Readiness sockets);
  void handle_lanes();
  seastar::future<> receive();

  Pacer& pacer_;
  ReactorThrottle& throttle_;
  const WakeUp& handshakes_;
  bool moderates_;
  RelayNode* relay_;
  MonotonicClock clock_;
  Readiness sockets_;
  std::vector<Lane*> lanes_;
  // Of the lanes that are ready in this round; 0 where one has left since.
  std::array<uint64_t, 64> ready_{};
  InterruptModeration moderation_;
  seastar::timer<> moderation_timer_;
  seastar::condition_variable moderation_ended_;
  std::unique_ptr<uint8_t[]> buffer_;
  uint64_t rounds_ = 0;
  seastar::metrics::metric_groups metrics_;
  bool stopping_ = false;
  Tasks tasks_;
};

}  // namespace cuttle
