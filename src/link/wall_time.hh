// What the wall clock says at an instant of the monotonic one, for what is to happen by the former and is
// told ahead to threads that go by the latter. Pure; one thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hh"

namespace cuttle {

// Of a change of rate: so that neither how busy the handshakes' thread is nor how late it wakes shows in it.
struct ToldAhead {
  Duration told = seconds(10);   // pacers hear of it so long ahead
  Duration placed = seconds(2);  // and make room for the lane's new slots so long ahead
};

class WallTime {
 public:
  // To be called at least every 100 ms, with both clocks, the wall clock read last. Nanoseconds since 1970 at
  // `now`.
  int64_t handle_time(Instant now, uint64_t wall_clock_ns) {
    return now.ns + ahead(static_cast<int64_t>(wall_clock_ns) - now.ns);
  }

 private:
  static constexpr Duration kWasSet = milliseconds(100);

  // The wall clock is read after the other one, now and then much later where this thread was kept from
  // running in between; so the least difference of the last rounds is the right one.
  int64_t ahead(int64_t ahead_ns) {
    const bool was_set =
        rounds_ > 0 && (ahead_ns - latest_ns_ > kWasSet.ns || latest_ns_ - ahead_ns > kWasSet.ns);
    if (was_set) rounds_ = 0;
    differences_ns_[rounds_++ % differences_ns_.size()] = ahead_ns;
    const auto used = std::min(rounds_, differences_ns_.size());
    latest_ns_ =
        *std::min_element(differences_ns_.begin(), differences_ns_.begin() + static_cast<int64_t>(used));
    return latest_ns_;
  }

  std::array<int64_t, 16> differences_ns_{};
  size_t rounds_ = 0;
  int64_t latest_ns_ = 0;
};

}  // namespace cuttle
