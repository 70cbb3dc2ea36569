#include "node/handshake_loop.hh"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>

#include "engine/loop_limits.hh"
#include "io/realtime.hh"

namespace cuttle {

namespace {

constexpr uint64_t kWakeUpTag = 0;
constexpr uint64_t kRestoredTag = 1;
constexpr Duration kRoundTimeout = seconds(3);

}  // namespace

Result<std::unique_ptr<HandshakeLoop>> HandshakeLoop::create(const WakeUp& wake_up,
                                                             RestoreWatch& restore_watch, Driver& driver,
                                                             ReadClocks read) {
  auto events = EventQueue::create();
  if (!events) return tl::unexpected(events.error());
  std::unique_ptr<HandshakeLoop> loop(
      new HandshakeLoop(wake_up, restore_watch, driver, std::move(read), std::move(*events)));
  auto added = loop->events_.add(wake_up.fd(), kWakeUpTag, EventQueue::Trigger::level);
  if (const int fd = restore_watch.fd(); added && fd >= 0) {
    added = loop->events_.add(fd, kRestoredTag, EventQueue::Trigger::level);
  }
  if (!added) return tl::unexpected(added.error());
  return loop;
}

HandshakeLoop::HandshakeLoop(const WakeUp& wake_up, RestoreWatch& restore_watch, Driver& driver,
                             ReadClocks read, EventQueue events)
    : wake_up_(wake_up),
      restore_watch_(restore_watch),
      driver_(driver),
      read_(std::move(read)),
      events_(std::move(events)),
      last_round_ns_(clock_.now().ns) {}

HandshakeLoop::~HandshakeLoop() {
  if (!thread_.joinable()) return;
  stop_.store(true, std::memory_order_relaxed);
  wake();
  thread_.join();
}

void HandshakeLoop::start(bool realtime) {
  last_round_ns_.store(clock_.now().ns, std::memory_order_relaxed);
  thread_ = std::thread([this, realtime] {
    name_thread("handshakes");
    // They are due some milliseconds after what causes them, however busy the machine is.
    if (realtime) (void)set_high_priority();
    run();
  });
}

void HandshakeLoop::run() {
  std::array<uint64_t, 2> ready;
  while (!stop_.load(std::memory_order_relaxed)) {
    if (const auto restored = restore_watch_.handle_timeout()) {
      spdlog::warn("{}: all links agree on new keys", *restored);
      handle_restored();
    }
    const Instant began = clock_.now();
    const Instant due = std::min(round(), began + kHandshakeInterval);
    driver_.handle_timeout(began);
    const Instant now = clock_.now();
    last_round_ns_.store(now.ns, std::memory_order_relaxed);
    events_.wait(ready, due > now ? due - now : Duration{0});
    // Before it is looked what there is, so that what comes meanwhile makes another round.
    wake_up_.clear();
  }
}

Instant HandshakeLoop::round() {
  const std::lock_guard lock(mutex_);
  // Not before it: a change of rate must not go by a time that passed while this thread waited.
  const ClockReadings clocks = read_();
  const Instant now = clocks.monotonic;
  const auto wall_ns = static_cast<uint64_t>(clocks.wall_clock.ns);
  Instant due = Instant::never();
  for (NodeLink* link : links_) {
    link->handle_handshakes(now, wall_ns);
    due = std::min(due, link->poll_timeout());
  }
  if (ladder_ != nullptr) ladder_->handle_time(read_, links_);
  return due;
}

uint64_t HandshakeLoop::restores() const {
  const std::lock_guard lock(mutex_);
  return restores_;
}

void HandshakeLoop::add(std::span<NodeLink* const> links, uint64_t restores) {
  const std::lock_guard lock(mutex_);
  for (NodeLink* link : links) {
    if (restores != restores_) link->handle_restored();
    links_.push_back(link);
  }
  wake();
}

void HandshakeLoop::remove(std::span<NodeLink* const> links) {
  const std::lock_guard lock(mutex_);
  std::erase_if(links_,
                [&](NodeLink* link) { return std::find(links.begin(), links.end(), link) != links.end(); });
}

void HandshakeLoop::handle_restored() {
  const std::lock_guard lock(mutex_);
  ++restores_;
  if (ladder_ != nullptr) ladder_->handle_restored();
  for (NodeLink* link : links_) link->handle_restored();
}

bool HandshakeLoop::goes_round(Instant now) const {
  return now - Instant{last_round_ns_.load(std::memory_order_relaxed)} <= kRoundTimeout;
}

}  // namespace cuttle
