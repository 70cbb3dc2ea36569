#include "node/release_queues.hh"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/check.hh"

namespace cuttle {

namespace {

constexpr Duration kRound = seconds(2);

}  // namespace

void ReleaseQueues::adopt(QueueDoors doors, std::optional<Duration> lead) {
  why_not_ = std::move(doors.why_not);
  for (QueueDoor& door : doors.queues) {
    auto table = draw_pauses(door.draw_key, door.cell_bytes);
    CUTTLE_CHECK(table, "a queue was set up with this table");
    auto queue = std::make_unique<ReleaseQueue>(door, std::move(*table), lead);
    entries_.push_back({door.shard, std::move(door.cell_bytes), std::move(queue), ""});
  }
}

ReleaseQueue* ReleaseQueues::find(uint32_t shard, const Lane& lane) const {
  for (const Entry& entry : entries_) {
    const bool fits = entry.shard == shard && entry.queue->device().underlay() == lane.underlay &&
                      std::ranges::count(entry.cell_bytes, lane.format.cell_bytes()) > 0;
    if (fits) return entry.queue.get();
  }
  return nullptr;
}

void ReleaseQueues::handle_timeout(Instant now, Machine& machine) {
  if (entries_.empty() || now - looked_ < kRound) return;
  looked_ = now;
  const auto looks = machine.look_at_queues();
  if (!looks) return;  // nobody watches any more, which the agent says
  CUTTLE_CHECK(looks->size() == entries_.size(), "every queue was looked at");
  for (size_t i = 0; i < entries_.size(); ++i) handle_look(entries_[i], (*looks)[i]);
}

void ReleaseQueues::handle_look(Entry& entry, const QueueLook& look) {
  entry.queue->handle_look(look);
  if (look.trouble == entry.trouble) return;
  entry.trouble = look.trouble;
  const std::string& underlay = entry.queue->device().underlay();
  if (look.trouble.empty()) {
    spdlog::warn("the queue that keeps time on {} was gone, and is back", underlay);
  } else {
    spdlog::error("the queue that keeps time on {} is gone, so the agent's own thread does, less exactly: {}",
                  underlay, look.trouble);
  }
}

std::string ReleaseQueues::why_not() const {
  for (const Entry& entry : entries_) {
    if (!entry.trouble.empty()) return entry.trouble;
  }
  return why_not_;
}

}  // namespace cuttle
