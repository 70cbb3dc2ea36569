#include "sim/event_loop.hh"

#include <algorithm>
#include <utility>

namespace cuttle::sim {

void EventLoop::at(Instant when, Action action) {
  if (free_.empty()) {
    free_.push_back(actions_.size());
    actions_.emplace_back();
  }
  const size_t place = free_.back();
  free_.pop_back();
  actions_[place] = std::move(action);
  heap_.push_back({std::max(when, now_), posted_++, place});
  std::push_heap(heap_.begin(), heap_.end(), Later());
}

void EventLoop::run_until(Instant end) {
  while (!heap_.empty() && heap_.front().when <= end) {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    const Event event = heap_.back();
    heap_.pop_back();
    now_ = event.when;
    ++done_;
    const Action action = std::exchange(actions_[event.action], nullptr);
    free_.push_back(event.action);
    action();
  }
  now_ = std::max(now_, end);
}

}  // namespace cuttle::sim
