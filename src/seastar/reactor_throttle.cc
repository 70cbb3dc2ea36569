#include "seastar/reactor_throttle.hh"

#include <chrono>

namespace cuttle {

bool ReactorThrottle::is_on() {
  if (!realtime_) return false;
  const Instant now = clock_.now();
  if (throttle_.is_due(now)) until_ = now + throttle_.handle_window(now, thread_use().cpu);
  if (until_ <= now) return false;
  if (!timer_.armed()) timer_.arm(std::chrono::nanoseconds((until_ - now).ns));
  return true;
}

}  // namespace cuttle
