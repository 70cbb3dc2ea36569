#include "node/receiver_loop.hh"

#include <algorithm>
#include <cerrno>
#include <thread>

#include "engine/lane_tag.hh"
#include "engine/loop_limits.hh"
#include "engine/receiving.hh"
#include "io/realtime.hh"
#include "node/wait_for_loop.hh"

namespace cuttle {

namespace {

constexpr uint64_t kWakeUpTag = 0;

// Of so many lanes it is asked on which CPU their datagrams come in.
constexpr size_t kLanesAsked = 16;
// How often the handshakes' thread asks, and how long an answer may take.
constexpr Duration kAskEvery = milliseconds(500);
constexpr Duration kAnswerTimeout = milliseconds(200);

}  // namespace

Result<std::unique_ptr<ReceiverLoop>> ReceiverLoop::create(std::vector<Lane*> lanes, const WakeUp& handshakes,
                                                           bool spin) {
  auto events = EventQueue::create();
  if (!events) return tl::unexpected(events.error());
  auto wake_up = WakeUp::create();
  if (!wake_up) return tl::unexpected(wake_up.error());
  if (auto added = events->add(wake_up->fd(), kWakeUpTag, EventQueue::Trigger::level); !added) {
    return tl::unexpected(added.error());
  }
  for (Lane* lane : lanes) {
    if (auto added = events->add(lane->socket.fd(), tag_of(*lane), EventQueue::Trigger::level); !added) {
      return tl::unexpected(added.error());
    }
  }
  return std::unique_ptr<ReceiverLoop>(
      new ReceiverLoop(std::move(lanes), handshakes, std::move(*events), std::move(*wake_up), spin));
}

ReceiverLoop::ReceiverLoop(std::vector<Lane*> lanes, const WakeUp& handshakes, EventQueue events,
                           WakeUp wake_up, bool spin)
    : lanes_(std::move(lanes)),
      handshakes_(handshakes),
      events_(std::move(events)),
      wake_up_(std::move(wake_up)),
      spin_(spin),
      buffer_(std::make_unique<uint8_t[]>(kReceiveBufferBytes)) {}

void ReceiverLoop::set_relay(RelayNode& relay) {
  relay_ = &relay;
  for (Lane* lane : lanes_) {
    if (lane->relay != nullptr) relay.receiving().add(*lane);
  }
}

void ReceiverLoop::run(const std::atomic<bool>& stop, bool realtime) {
  std::array<uint64_t, 64> ready;
  cpus_ = thread_cpus();
  thread_.store(current_thread(), std::memory_order_relaxed);
  handle_lanes();
  while (!stop.load(std::memory_order_relaxed)) {
    // Not between the events of one wait, which may speak of a lane that leaves.
    change_.poll(
        [&](Lane& lane) {
          lanes_.push_back(&lane);
          if (relay_ != nullptr && lane.relay != nullptr) relay_->receiving().add(lane);
          handle_lanes();
        },
        [&](Lane& lane) {
          std::erase(lanes_, &lane);
          if (relay_ != nullptr && lane.relay != nullptr) relay_->receiving().remove(lane);
          handle_lanes();
        });
    const bool moderates = moderation_.wait().ns > 0;
    const size_t count = events_.wait(ready, spin_ || moderates ? std::optional(Duration{0}) : std::nullopt);
    size_t lanes = 0;
    for (size_t i = 0; i < count; ++i) {
      if (ready[i] == kWakeUpTag) {
        wake_up_.clear();
        asked_.store(false, std::memory_order_release);
        for (Lane* lane : lanes_) drain_for_receiver(*lane);
        continue;
      }
      read(lane_of(ready[i]));
      ++lanes;
    }
    if (spin_) {
      if (count == 0) std::this_thread::yield();  // to the packer, where they share a CPU
      continue;
    }
    const Instant now = clock_.now();
    if (realtime && lanes > 0) look_after_cpu(now);
    moderation_.handle_arrivals(now, lanes);
    if (moderates && count == 0) clock_.sleep_until(now + moderation_.wait());
  }
}

void ReceiverLoop::handle_lanes() {
  moderation_.set_shortest_slot(shortest_release_gap(lanes_));
}

void ReceiverLoop::read(Lane& lane) {
  drain_for_receiver(lane);
  for (int turn = 0; turn < kMaxPerTurn; ++turn) {
    const TrainReceived received = receive_train(lane, {buffer_.get(), kReceiveBufferBytes});
    if (received.for_handshakes) handshakes_.set();
    if (received.for_packer) relay_->wake_packer();
    if (!received.more) return;
  }
}

void ReceiverLoop::look_after_cpu(Instant now) {
  if (!throttle_.is_due(now)) return;
  if (!keeps_to_one_.load(std::memory_order_acquire)) affinity_.handle_freed();
  const ThreadUse use = thread_use();
  const auto before = affinity_.cpu();
  if (const auto wanted = affinity_.handle_window(now, use, current_cpu(), arrival_cpu()); wanted != before) {
    // First, for it may not be run there. Refused, it stays as it was; the packets wait longer then.
    keeps_to_one_.store(wanted.has_value(), std::memory_order_release);
    (void)set_thread_cpus(wanted ? std::vector{*wanted} : cpus_);
  }
  const Duration pause = throttle_.handle_window(now, use.cpu);
  if (pause.ns > 0) clock_.sleep_until(now + pause);
}

std::optional<uint32_t> ReceiverLoop::arrival_cpu() const {
  std::optional<uint32_t> one;
  for (const Lane* lane : std::span(lanes_).first(std::min(lanes_.size(), kLanesAsked))) {
    const auto cpu = lane->socket.arrival_cpu();
    if (!cpu) continue;
    if (one && one != cpu) return std::nullopt;
    one = cpu;
  }
  return one && std::ranges::find(cpus_, *one) != cpus_.end() ? one : std::nullopt;
}

void ReceiverLoop::handle_timeout(Instant now) {
  if (!keeps_to_one_.load(std::memory_order_acquire)) return;
  const bool waits_for_answer = asked_.load(std::memory_order_acquire);
  if (waits_for_answer && now - asked_at_ >= kAnswerTimeout) {
    keeps_to_one_.store(false, std::memory_order_release);
    (void)set_thread_cpus(cpus_, thread_.load(std::memory_order_relaxed));
  } else if (!waits_for_answer && now - asked_at_ >= kAskEvery) {
    asked_at_ = now;
    asked_.store(true, std::memory_order_release);
    wake_up();
  }
}

Result<void> ReceiverLoop::add(Lane& lane) {
  change_.begin_join({&lane});
  wake_up();
  wait_for_loop(change_);
  auto added = events_.add(lane.socket.fd(), tag_of(lane), EventQueue::Trigger::level);
  if (!added) remove(lane);
  return added;
}

void ReceiverLoop::remove(Lane& lane) {
  events_.remove(lane.socket.fd());
  change_.begin_leave({&lane});
  wake_up();
  wait_for_loop(change_);
}

}  // namespace cuttle
