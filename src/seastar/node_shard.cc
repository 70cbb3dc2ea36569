#include "seastar/node_shard.hh"

#include <algorithm>
#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>

#include "engine/receiving.hh"
#include "io/realtime.hh"

namespace cuttle {

namespace {

// As the native driver's pacers. One for all reactors: before a reactor sleeps it takes a lock that all of
// them share, and one that finds it taken tries again at once. Of unequal ones the higher would try for ever,
// and keep the lower, which has the lock, from ever running. Equal ones take turns for the same reason: the
// kernel can make who has the lock wait behind a membarrier of another process, and then finds its CPU taken.
constexpr int kReactorPriority = 50;

}  // namespace

std::string NodeShard::become_realtime() {
  if (const auto set = set_realtime_priority(kReactorPriority, AmongEquals::in_turns); !set)
    return set.error().message;
  throttle_.handle_realtime();
  return std::string();
}

Result<void> NodeShard::add_sending(Lane& lane, const std::string& peer) {
  auto sending = Sending::create(lane, pacer_, packer_stage_, peer);
  if (!sending) return tl::unexpected(sending.error());
  (*sending)->start();
  sending_.push_back(std::move(*sending));
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
    auto receiver = Receiver::create(pacer_, throttle_, handshakes_, !polls_);
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

seastar::future<> NodeShard::remove(const Lane& lane) {
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
    co_await gone->stop();
  }
}

seastar::future<> NodeShard::stop_receiving() {
  if (receiver_) co_await receiver_->stop();
  for (const auto& receiving : receiving_) co_await receiving->stop();
}

seastar::future<> NodeShard::stop() {
  for (const auto& sending : sending_) co_await sending->stop();
}

}  // namespace cuttle
