#include "seastar/node_shard.hh"

#include <fmt/format.h>

#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>

#include "io/realtime.hh"

namespace cuttle {

namespace {

// As the native driver's pacers. One for all reactors: before a reactor sleeps it takes a lock that all of
// them share, and one that finds it taken tries again at once. Of unequal ones the higher would try for ever,
// and keep the lower, which has the lock, from ever running.
constexpr int kReactorPriority = 50;

}  // namespace

std::string NodeShard::become_realtime() {
  if (const auto set = set_realtime_priority(kReactorPriority); !set) return set.error().message;
  rest_.handle_realtime();
  return std::string();
}

Result<void> NodeShard::add_sending(Lane& lane, const std::string& peer) {
  auto sending = Sending::create(lane, pacer_, packing_, peer);
  if (!sending) return tl::unexpected(sending.error());
  (*sending)->start();
  sending_.push_back(std::move(*sending));
  return {};
}

Result<void> NodeShard::add_receiving(Lane& lane, const std::string& peer, unsigned sending_shard) {
  const auto report = [this, &lane, sending_shard](const Losses& losses) {
    (void)container().invoke_on(sending_shard,
                                [&lane, losses](NodeShard& other) { other.handle_losses(lane, losses); });
  };
  auto receiving =
      Receiving::create(lane, pacer_, rest_, control_, {buffer_.get(), kReceiveBufferBytes}, report, peer);
  if (!receiving) return tl::unexpected(receiving.error());
  (*receiving)->start();
  receiving_.push_back(std::move(*receiving));
  return {};
}

void NodeShard::obey(const Lane& lane) {
  for (const auto& receiving : receiving_) {
    if (&receiving->lane() == &lane) receiving->obey();
  }
}

void NodeShard::handle_losses(const Lane& lane, const Losses& losses) {
  for (const auto& sending : sending_) {
    if (&sending->lane() == &lane) sending->handle_losses(losses);
  }
}

seastar::future<> NodeShard::stop() {
  // The pacer last: who waits for a release has one to wait for until then.
  for (const auto& receiving : receiving_) co_await receiving->stop();
  for (const auto& sending : sending_) co_await sending->stop();
  pacer_.stop();
}

}  // namespace cuttle
