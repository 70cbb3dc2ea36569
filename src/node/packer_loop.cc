#include "node/packer_loop.hh"

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

#include "engine/loop_limits.hh"
#include "node/wait_for_loop.hh"

namespace cuttle {

namespace {

constexpr uint64_t kWakeUpTag = 0;

}  // namespace

Result<std::unique_ptr<PackerLoop>> PackerLoop::create(std::vector<Lane*> lanes, bool spin) {
  auto events = EventQueue::create();
  if (!events) return tl::unexpected(events.error());
  auto wake_up = WakeUp::create();
  if (!wake_up) return tl::unexpected(wake_up.error());
  if (auto added = events->add(wake_up->fd(), kWakeUpTag, EventQueue::Trigger::level); !added) {
    return tl::unexpected(added.error());
  }
  std::unique_ptr<PackerLoop> loop(new PackerLoop(std::move(*events), std::move(*wake_up), spin));
  for (Lane* lane : lanes) {
    loop->serve(std::make_unique<Source>(Source{lane}));
    if (auto added = loop->watch(*loop->sources_.back()); !added) return tl::unexpected(added.error());
  }
  return loop;
}

PackerLoop::PackerLoop(EventQueue events, WakeUp wake_up, bool spin)
    : events_(std::move(events)), wake_up_(std::move(wake_up)), spin_(spin) {}

void PackerLoop::set_relay(RelayPacking& relay) {
  relay_ = &relay;
  for (const auto& source : sources_) {
    if (source->lane->relay != nullptr) relay.add(*source->lane);
  }
}

void PackerLoop::serve(std::unique_ptr<Source> source) {
  packer_stage_.add(*source->lane);
  if (relay_ != nullptr && source->lane->relay != nullptr) relay_->add(*source->lane);
  sources_.push_back(std::move(source));
}

Result<void> PackerLoop::watch(Source& source) {
  return events_.add(source.lane->tun.fd(), reinterpret_cast<uintptr_t>(&source), EventQueue::Trigger::edge);
}

Result<void> PackerLoop::add(Lane& lane) {
  coming_ = std::make_unique<Source>(Source{&lane});
  Source* source = coming_.get();
  change_.begin_join({&lane});
  wake_up();
  wait_for_loop(change_);
  auto added = watch(*source);
  if (!added) remove(lane);
  return added;
}

void PackerLoop::remove(Lane& lane) {
  events_.remove(lane.tun.fd());
  change_.begin_leave({&lane});
  wake_up();
  wait_for_loop(change_);
}

void PackerLoop::run(const std::atomic<bool>& stop) {
  std::array<uint64_t, 64> ready;
  while (!stop.load(std::memory_order_relaxed)) {
    // Not between the events of one wait, which may speak of a lane that leaves.
    change_.poll([&](Lane& /*lane*/) { serve(std::move(coming_)); },
                 [&](Lane& lane) {
                   if (relay_ != nullptr && lane.relay != nullptr) relay_->remove(lane);
                   std::erase_if(sources_, [&](const auto& source) { return source->lane == &lane; });
                 });
    std::optional<Duration> timeout;
    if (relay_ != nullptr) relay_->handle_time(clock_.now());
    for (const auto& at : sources_) {
      Source& source = *at;
      if (const auto interval = PackerStage::look_interval(*source.lane)) {
        timeout = std::min(timeout.value_or(*interval), *interval);
      }
      if (source.outcome == Outcome::drained) {
        if (!PackerStage::has_waiting(*source.lane)) continue;
        source.outcome = Outcome::more;
      }
      source.outcome = packer_stage_.pack(*source.lane, losses_of(*source.lane), kMaxPerTurn);
      // The pacer wakes nobody: that would be work that depends on payload. So look again after a slot.
      if (source.outcome == Outcome::no_room) {
        const SlotPlan& plan = source.lane->sender.plan();
        const Duration slot = plan.period() / plan.releases_per_slot();
        timeout = timeout ? std::min(*timeout, slot) : slot;
      } else if (source.outcome == Outcome::more) {
        timeout = Duration{0};
      }
    }
    // What one lane's packets left in another's queue, which was looked at before.
    for (const auto& source : sources_) {
      const bool waits = source->outcome == Outcome::drained && PackerStage::has_waiting(*source->lane);
      if (waits) timeout = Duration{0};
    }
    if (spin_) timeout = Duration{0};
    const size_t count = events_.wait(ready, timeout);
    if (spin_ && count == 0) std::this_thread::yield();  // to the receiver, where they share a CPU
    for (size_t i = 0; i < count; ++i) {
      if (ready[i] == kWakeUpTag) {
        wake_up_.clear();
      } else {
        reinterpret_cast<Source*>(ready[i])->outcome = Outcome::more;
      }
    }
  }
}

}  // namespace cuttle
