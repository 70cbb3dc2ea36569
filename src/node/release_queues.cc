#include "node/release_queues.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/check.hh"

namespace cuttle {

namespace {

constexpr Duration kRound = seconds(2);

using Step = QueueWatch::State;

// Empty where it is in step.
std::string trouble_of(Step step, const ReleaseQueue& queue, const std::string& underlay) {
  if (step != Step::in_step && queue.reads_instants()) {
    return fmt::format("etf on {} dropped a train as too late, which was sent again", underlay);
  }
  switch (step) {
    case Step::in_step:
      return "";
    case Step::settling:
      return fmt::format("the queue on {} was reset and is not known to keep time yet", underlay);
    case Step::stalled:
      return fmt::format("what is handed to the queue on {} does not come through it", underlay);
  }
  return "";
}

std::unique_ptr<ReleaseQueue> make_queue(const QueueDoor& door, const QueueDevice& device,
                                         std::optional<Duration> lead) {
  if (door.index == 0) return std::make_unique<ReleaseQueue>(device, door.instants, lead);
  auto table = draw_pauses(door.draw_key, door.cell_bytes);
  CUTTLE_CHECK(table, "a queue was set up with this table");
  return std::make_unique<ReleaseQueue>(device, std::move(*table), lead);
}

}  // namespace

void ReleaseQueues::adopt(QueueDoors doors, std::optional<Duration> lead) {
  why_not_ = std::move(doors.why_not);
  for (QueueDoor& door : doors.queues) {
    auto device = std::make_unique<ClockView>(door.underlay, door.index, door.late_map);
    auto queue = make_queue(door, *device, lead);
    if (queue->reads_instants() && door.shard == 0) {
      spdlog::info("cells on {} are released by {}", door.underlay, door.instants.name());
    }
    entries_.push_back({door.shard, std::move(door.cell_bytes), std::move(device), std::move(queue), ""});
  }
}

ReleaseQueue* ReleaseQueues::find(uint32_t shard, const Lane& lane) const {
  for (const Entry& entry : entries_) {
    const bool fits = entry.shard == shard && entry.device->underlay() == lane.underlay &&
                      std::ranges::count(entry.cell_bytes, lane.format.cell_bytes()) > 0 &&
                      (!entry.queue->reads_instants() || lane.socket.carries_instants(entry.queue->rules()));
    if (fits) return entry.queue.get();
  }
  return nullptr;
}

void ReleaseQueues::handle_timeout(Instant now, Machine& machine) {
  for (Entry& entry : entries_) say_step(entry);
  if (entries_.empty() || now - looked_ < kRound) return;
  looked_ = now;
  const auto looks = machine.look_at_queues();
  std::vector<bool> take_nothing;
  for (Entry& entry : entries_) {
    const bool is_stalled = entry.queue->step() == Step::stalled;
    take_nothing.push_back(entry.queue->takes_nothing() || is_stalled);
  }
  if (!looks) {
    // Nobody watches any more, which the agent says. Then a device that somebody takes away stays away: cells
    // go by the routes instead, as where there never was a queue.
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (take_nothing[i]) handle_lost(entries_[i], looks.error().message);
    }
    return;
  }
  CUTTLE_CHECK(looks->size() == entries_.size(), "every queue was looked at");
  for (size_t i = 0; i < entries_.size(); ++i) handle_look(entries_[i], (*looks)[i]);
}

// Once until it is in step again.
void ReleaseQueues::say_step(Entry& entry) {
  const Step step = entry.queue->step();
  const std::string& underlay = entry.device->underlay();
  if (step > entry.said) {
    entry.said = step;
    spdlog::warn("{}: {}", trouble_of(step, *entry.queue, underlay),
                 entry.queue->reads_instants()
                     ? "the clock was set, or the host was later than etf's delta"
                     : "a carrier was away, an interface was set down, or somebody's route leads past it");
  } else if (step == Step::in_step && entry.said != step) {
    entry.said = step;
    spdlog::info("the queue on {} keeps time again", underlay);
  }
}

void ReleaseQueues::handle_look(Entry& entry, const QueueLook& look) {
  using Look = ReleaseQueue::Look;
  handle_dropped(entry, look.dropped);
  if (look.late_map) entry.device->handle_anew(look.underlay, look.index, look.late_map);
  entry.queue->handle_look(look.late_map ? Look::anew : look.trouble.empty() ? Look::as_before : Look::gone);
  const std::string& underlay = entry.device->underlay();
  if (look.late_map) {
    entry.trouble.clear();
    spdlog::warn("the queue that keeps time on {} was not whole, and is set up again: {}", underlay,
                 look.trouble);
    return;
  }
  if (look.trouble == entry.trouble) return;
  entry.trouble = look.trouble;
  if (look.trouble.empty()) {
    spdlog::warn("the queue that keeps time on {} is back", underlay);
  } else {
    spdlog::error("the queue that keeps time on {} is gone, so the agent's own thread does, less exactly: {}",
                  underlay, look.trouble);
  }
}

// Once, and then each time that there are ten times as many.
void ReleaseQueues::handle_dropped(Entry& entry, uint64_t packets) {
  entry.queue->handle_dropped(packets);
  packets -= std::min(packets, entry.queue->sent_again());
  if (packets <= 10 * entry.said_dropped) return;
  entry.said_dropped = packets;
  spdlog::warn(
      "the queue of {} has dropped {} packets since the start, perhaps cells, whose number then shows it: "
      "its limits (`tc -s qdisc show dev {}`) are too low for what leaves there, or, of etf, others' packets "
      "have "
      "its priority",
      entry.device->underlay(), packets, entry.device->underlay());
}

void ReleaseQueues::handle_lost(Entry& entry, const std::string& why) {
  if (!entry.trouble.empty()) return;
  entry.trouble = why;
  entry.queue->handle_look(ReleaseQueue::Look::gone);
  spdlog::error(
      "the queue that keeps time on {} takes no cells any more, so the agent's own thread does, less "
      "exactly: {}",
      entry.device->underlay(), why);
}

std::string ReleaseQueues::why_not() const {
  for (const Entry& entry : entries_) {
    if (!entry.trouble.empty()) return entry.trouble;
    const std::string trouble = trouble_of(entry.queue->step(), *entry.queue, entry.device->underlay());
    if (!trouble.empty()) return trouble;
  }
  return why_not_;
}

}  // namespace cuttle
