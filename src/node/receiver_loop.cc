#include "node/receiver_loop.hh"

#include <algorithm>
#include <cerrno>
#include <thread>

#include "io/realtime.hh"
#include "node/receiving.hh"

namespace cuttle {

namespace {

constexpr uint64_t kWakeUpTag = 0;
uint64_t tag_of(Lane& lane) {
  return reinterpret_cast<uintptr_t>(&lane);
}
Lane& lane_of(uint64_t tag) {
  return *reinterpret_cast<Lane*>(tag);
}

// Trains, or single datagrams, taken from one socket before the others have their turn.
constexpr size_t kTurn = 64;

}  // namespace

Result<std::unique_ptr<ReceiverLoop>> ReceiverLoop::create(std::vector<Lane*> lanes, const WakeUp& control,
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
      new ReceiverLoop(std::move(lanes), control, std::move(*events), std::move(*wake_up), spin));
}

ReceiverLoop::ReceiverLoop(std::vector<Lane*> lanes, const WakeUp& control, EventQueue events, WakeUp wake_up,
                           bool spin)
    : lanes_(std::move(lanes)),
      control_(control),
      events_(std::move(events)),
      wake_up_(std::move(wake_up)),
      spin_(spin),
      buffer_(std::make_unique<uint8_t[]>(kReceiveBufferBytes)) {}

void ReceiverLoop::run(const std::atomic<bool>& stop, bool realtime) {
  std::array<uint64_t, 64> ready;
  cpus_ = thread_cpus();
  handle_lanes();
  while (!stop.load(std::memory_order_relaxed)) {
    // Not between the events of one wait, which may speak of a lane that leaves.
    change_.poll(
        [&](Lane& lane) {
          lanes_.push_back(&lane);
          handle_lanes();
        },
        [&](Lane& lane) {
          std::erase(lanes_, &lane);
          handle_lanes();
        });
    const size_t count = events_.wait(ready, spin_ ? std::optional(Duration{0}) : std::nullopt);
    if (spin_ && count == 0) std::this_thread::yield();  // to the packer, where they share a CPU
    const Lane* last = nullptr;
    size_t trains = 0;
    for (size_t i = 0; i < count; ++i) {
      if (ready[i] == kWakeUpTag) {
        wake_up_.clear();
        for (Lane* lane : lanes_) obey_as_receiver(*lane);
        continue;
      }
      Lane& lane = lane_of(ready[i]);
      trains += read(lane);
      last = &lane;
    }
    if (realtime && last != nullptr) look_after_cpu(*last);
    if (spin_) continue;
    const Instant now = clock_.now();
    clock_.sleep_until(now + gathering_.handle_round(now, trains));
  }
}

void ReceiverLoop::handle_lanes() {
  Duration shortest = lanes_.empty() ? Duration{0} : kLongestSlot;
  for (const Lane* lane : lanes_) shortest = std::min(shortest, lane->sender.plan().period());
  gathering_.set_shortest_slot(shortest);
}

size_t ReceiverLoop::read(Lane& lane) {
  obey_as_receiver(lane);
  size_t trains = 1;
  while (trains < kTurn && receive_train(lane, control_, clock_, {buffer_.get(), kReceiveBufferBytes})) {
    ++trains;
  }
  return trains;
}

void ReceiverLoop::look_after_cpu(const Lane& last) {
  const Instant now = clock_.now();
  if (!guard_.is_due(now)) return;
  const ThreadUse use = thread_use();
  const auto before = placement_.cpu();
  auto arrivals = last.socket.arrival_cpu();
  if (arrivals && std::ranges::find(cpus_, *arrivals) == cpus_.end()) arrivals.reset();
  if (const auto wanted = placement_.handle_window(now, use, current_cpu(), arrivals); wanted != before) {
    // Refused, it stays as it was; the packets wait longer then.
    (void)set_thread_cpus(wanted ? std::vector{*wanted} : cpus_);
  }
  const Duration pause = guard_.handle_window(now, use.cpu);
  if (pause.ns > 0) clock_.sleep_until(now + pause);
}

Result<void> ReceiverLoop::add(Lane& lane) {
  change_.join(lane, [this] { wake_up(); });
  auto added = events_.add(lane.socket.fd(), tag_of(lane), EventQueue::Trigger::level);
  if (!added) remove(lane);
  return added;
}

void ReceiverLoop::remove(Lane& lane) {
  events_.remove(lane.socket.fd());
  change_.leave(lane, [this] { wake_up(); });
}

}  // namespace cuttle
