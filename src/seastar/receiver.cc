#include "seastar/receiver.hh"

#include <algorithm>
#include <chrono>
#include <seastar/core/coroutine.hh>
#include <seastar/core/metrics.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "engine/lane_tag.hh"
#include "engine/loop_limits.hh"
#include "engine/receiving.hh"

namespace cuttle {

namespace {

// What one train takes, from the socket to the TUN, with room to spare.
constexpr Duration kReceiveOneTrain = microseconds(40);

}  // namespace

Result<std::unique_ptr<Receiver>> Receiver::create(Pacer& pacer, ReactorThrottle& throttle,
                                                   const WakeUp& handshakes, bool moderates,
                                                   RelayNode* relay) {
  auto sockets = Readiness::create();
  if (!sockets) return tl::unexpected(sockets.error());
  std::unique_ptr<Receiver> receiver(
      new Receiver(pacer, throttle, handshakes, moderates, relay, std::move(*sockets)));
  receiver->tasks_.start("a receiver", [&here = *receiver] { return here.receive(); });
  return receiver;
}

Receiver::Receiver(Pacer& pacer, ReactorThrottle& throttle, const WakeUp& handshakes, bool moderates,
                   RelayNode* relay, Readiness sockets)
    : pacer_(pacer),
      throttle_(throttle),
      handshakes_(handshakes),
      moderates_(moderates),
      relay_(relay),
      sockets_(std::move(sockets)),
      moderation_timer_([this] { moderation_ended_.broadcast(); }),
      buffer_(std::make_unique<uint8_t[]>(kReceiveBufferBytes)) {
  metrics_.add_group("cuttle", {seastar::metrics::make_counter(
                                   "receive_rounds_total", rounds_,
                                   seastar::metrics::description("Looks at which lanes have something"))});
}

Result<void> Receiver::add(Lane& lane) {
  if (auto added = sockets_.add(lane.socket.fd(), tag_of(lane)); !added) return added;
  lanes_.push_back(&lane);
  if (relay_ != nullptr && lane.relay != nullptr) relay_->receiving().add(lane);
  handle_lanes();
  return {};
}

void Receiver::remove(Lane& lane) {
  sockets_.remove(lane.socket.fd());
  std::ranges::replace(ready_, tag_of(lane), uint64_t{0});
  std::erase(lanes_, &lane);
  if (relay_ != nullptr && lane.relay != nullptr) relay_->receiving().remove(lane);
  handle_lanes();
}

void Receiver::handle_lanes() {
  moderation_.set_shortest_slot(moderates_ ? shortest_release_gap(lanes_) : Duration{0});
}

seastar::future<> Receiver::stop() {
  stopping_ = true;
  sockets_.end();
  return tasks_.close();
}

seastar::future<> Receiver::receive() {
  while (!stopping_) {
    co_await sockets_.readable();
    ++rounds_;
    const size_t count = sockets_.ready(ready_);
    for (size_t i = 0; i < count; ++i) {
      bool more = true;
      for (int turn = 0; more && turn < kMaxPerTurn; ++turn) {
        while (throttle_.is_on() && !stopping_) co_await throttle_.end();
        for (PacerTurn its(pacer_, kReceiveOneTrain); !its.has_come() && !stopping_;) {
          co_await pacer_.next_release();
        }
        // Only now, for it may have left meanwhile.
        if (stopping_ || ready_[i] == 0) break;
        Lane& lane = lane_of(ready_[i]);
        drain_for_receiver(lane);
        const TrainReceived received = receive_train(lane, {buffer_.get(), kReceiveBufferBytes});
        if (received.for_handshakes) handshakes_.set();
        if (received.for_packer) relay_->wake_packer();
        more = received.more;
        co_await seastar::coroutine::maybe_yield();
      }
    }
    moderation_.handle_arrivals(clock_.now(), count);
    if (const Duration wait = moderation_.wait(); wait.ns > 0 && !stopping_) {
      moderation_timer_.arm(std::chrono::nanoseconds(wait.ns));
      co_await moderation_ended_.when();
    }
  }
}

}  // namespace cuttle
