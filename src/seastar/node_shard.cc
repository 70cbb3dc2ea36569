#include "seastar/node_shard.hh"

#include <algorithm>
#include <chrono>
#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "engine/receiving.hh"
#include "io/realtime.hh"

namespace cuttle {

namespace {

// As the native driver's pacers. One for all reactors: before a reactor sleeps it takes a lock that all of
// them share, and one that finds it taken tries again at once. Of unequal ones the higher would try for ever,
// and keep the lower, which has the lock, from ever running. Equal ones take turns for the same reason: the
// kernel can make who has the lock wait behind a membarrier of another process, and then finds its CPU taken.
constexpr int kReactorPriority = 50;
// What one look takes: some packets that others sent to be passed on, and a report to one of them.
constexpr Duration kLookOnce = microseconds(30);

}  // namespace

NodeShard::NodeShard(Duration poll_before, const WakeUp& handshakes, bool polls, RelayNode* relay)
    : pacer_(poll_before), handshakes_(handshakes), polls_(polls), relay_(relay), look_timer_([this] {
        look_beside_tuns();
      }) {
  if (relay_ != nullptr) relay_->set_wake_packer([this] { look_beside_tuns(); });
  tasks_.start("a look beside the TUNs", [this] { return look(); });
}

// What a ladder or a node that relays has to say lies in no TUN that would wake a packer.
void NodeShard::look_beside_tuns() {
  is_look_asked_ = true;
  look_asked_.signal();
}

// How much there is to do depends on payload, so it waits for its turn as packing does.
seastar::future<> NodeShard::look() {
  while (!stopping_) {
    if (!is_look_asked_) co_await look_asked_.when();
    is_look_asked_ = false;
    for (bool more = true; more && !stopping_;) {
      for (PacerTurn turn(pacer_, kLookOnce); !turn.has_come() && !stopping_;) {
        co_await pacer_.next_release();
      }
      if (stopping_) break;
      more = relay_ != nullptr && relay_->packing().handle_piece(clock_.now());
      nudge_packers();
      co_await seastar::coroutine::maybe_yield();
    }
  }
}

void NodeShard::nudge_packers() {
  for (const auto& sending : sending_) {
    if (PackerStage::has_waiting(sending->lane())) sending->nudge();
  }
}

// As often as the lanes that are there ask for it.
void NodeShard::handle_packers() {
  std::optional<Duration> shortest;
  for (const auto& sending : sending_) {
    const auto interval = PackerStage::look_interval(sending->lane());
    if (interval) shortest = std::min(shortest.value_or(*interval), *interval);
  }
  look_timer_.cancel();
  if (shortest) look_timer_.arm_periodic(std::chrono::nanoseconds(shortest->ns));
}

std::string NodeShard::become_realtime() {
  if (const auto set = set_realtime_priority(kReactorPriority, AmongEquals::in_turns); !set)
    return set.error().message;
  throttle_.handle_realtime();
  return std::string();
}

Result<void> NodeShard::add_sending(Lane& lane, const std::string& peer) {
  const bool relays = relay_ != nullptr && lane.relay != nullptr;
  auto sending = Sending::create(lane, pacer_, packer_stage_, peer, [this, relays] {
    if (!relays) return;
    relay_->packing().handle_clock(clock_.now());
    nudge_packers();
  });
  if (!sending) return tl::unexpected(sending.error());
  if (relays) relay_->packing().add(lane);
  sending_.push_back(std::move(*sending));
  sending_.back()->start();
  handle_packers();
  return {};
}

Result<void> NodeShard::add_receiving(Lane& lane, const std::string& peer, unsigned sending_shard) {
  // Mostly the same shard, where it costs neither a message nor an allocation.
  const auto report = [this, &lane, sending_shard](const Losses& losses) {
    if (sending_shard == seastar::this_shard_id()) {
      handle_losses(lane, losses);
      return seastar::make_ready_future<>();
    }
    return container().invoke_on(sending_shard,
                                 [&lane, losses](NodeShard& other) { other.handle_losses(lane, losses); });
  };
  if (!receiver_) {
    auto receiver = Receiver::create(pacer_, throttle_, handshakes_, !polls_, relay_);
    if (!receiver) return tl::unexpected(receiver.error());
    receiver_ = std::move(*receiver);
  }
  if (auto added = receiver_->add(lane); !added) return added;
  receiving_.push_back(std::make_unique<Receiving>(lane, report, peer));
  return {};
}

void NodeShard::drain(const Lane& lane) {
  for (const auto& receiving : receiving_) {
    if (&receiving->lane() == &lane) drain_for_receiver(receiving->lane());
  }
}

void NodeShard::handle_losses(const Lane& lane, const Losses& losses) {
  for (const auto& sending : sending_) {
    if (&sending->lane() == &lane) sending->handle_losses(losses);
  }
}

seastar::future<> NodeShard::remove(Lane& lane) {
  const auto is_of_lane = [&](const auto& side) { return &side->lane() == &lane; };
  if (const auto at = std::ranges::find_if(receiving_, is_of_lane); at != receiving_.end()) {
    const auto gone = std::move(*at);
    receiving_.erase(at);
    receiver_->remove(lane);
    co_await gone->stop();
  }
  if (const auto at = std::ranges::find_if(sending_, is_of_lane); at != sending_.end()) {
    const auto gone = std::move(*at);
    sending_.erase(at);
    handle_packers();
    co_await gone->stop();
    if (relay_ != nullptr && lane.relay != nullptr) relay_->packing().remove(lane);
  }
}

seastar::future<> NodeShard::stop_receiving() {
  if (receiver_) co_await receiver_->stop();
  for (const auto& receiving : receiving_) co_await receiving->stop();
}

seastar::future<> NodeShard::stop() {
  look_timer_.cancel();
  stopping_ = true;
  look_asked_.signal();
  co_await tasks_.close();
  for (const auto& sending : sending_) co_await sending->stop();
}

}  // namespace cuttle
