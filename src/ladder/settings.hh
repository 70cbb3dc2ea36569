// A ladder as an operator writes it: few rates, the length of an epoch, and what a day may tell. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hh"
#include "ladder/step_keeper.hh"

namespace cuttle::ladder {

inline constexpr int64_t kDay_s = 86'400;

struct Settings {
  std::vector<uint64_t> rates_bps;      // ascending, two at least
  Duration epoch = seconds(10);         // divides a day
  uint32_t budget_bits = 48;            // a day
  Duration lower_after = seconds(300);  // less was needed for so long before the rate goes down
  bool yields = false;                  // to what the path loses (yielding.hh)

  bool operator==(const Settings&) const = default;

  uint32_t epochs_per_day() const { return static_cast<uint32_t>(seconds(kDay_s).ns / epoch.ns); }
  uint32_t going_down_epochs() const {
    return static_cast<uint32_t>((lower_after.ns + epoch.ns - 1) / epoch.ns);
  }
  LadderShape shape() const;
  // Of all of it, never 0: two ladders of one fingerprint are the same, but for one in 65,535.
  uint16_t fingerprint() const;
};

}  // namespace cuttle::ladder
