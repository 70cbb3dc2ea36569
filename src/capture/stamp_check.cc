#include "capture/stamp_check.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle::capture {

namespace {

constexpr Duration kJump = milliseconds(500);
constexpr uint64_t kFewPackets = 100;
constexpr Duration kNoCaptureHasSuchAGap = seconds(86'400);

double seconds_of(Duration d) {
  return static_cast<double>(d.ns) * 1e-9;
}

Error was_set_back(uint64_t packet, Instant time, uint64_t before_packet, Instant before) {
  return Error{fmt::format(
      "packet {} is stamped {:.3f} s before packet {}: the clock was set back while it was captured, or "
      "captures were joined out of order; capture again with a steady clock, or sort a joined file "
      "(reordercap FILE NEW)",
      packet, seconds_of(before - time), before_packet)};
}

}  // namespace

Result<void> StampCheck::handle_stamp(uint64_t packet, Instant time, uint64_t direction) {
  if (auto good = check_jumps(packet, time); !good) return good;
  return check_direction(packet, time, direction);
}

Result<void> StampCheck::check_direction(uint64_t packet, Instant time, uint64_t direction) {
  if (latest_of_.size() >= kMaxDirections) latest_of_.clear();
  Stamp& latest = latest_of_[direction];
  if (latest.packet != 0 && time < latest.time - tolerance_) {
    return tl::unexpected(was_set_back(packet, time, latest.packet, latest.time));
  }
  if (latest.packet == 0 || time > latest.time) latest = {time, packet};
  return {};
}

Result<void> StampCheck::check_jumps(uint64_t packet, Instant time) {
  if (latest_.packet == 0) {
    latest_ = {time, packet};
    return {};
  }
  const Duration tolerance = std::max(tolerance_, kDisorderOfDirections);
  if (time < latest_.time - tolerance) {
    const bool came_back =
        jump_.packet != 0 && time >= jump_.time - tolerance && packet - jump_.packet <= kFewPackets;
    if (!came_back) return tl::unexpected(was_set_back(packet, time, latest_.packet, latest_.time));
    const bool one = packet - jump_.packet == 1;
    const std::string which =
        one ? fmt::format("{}", jump_.packet) : fmt::format("{}-{}", jump_.packet, packet - 1);
    return failure(fmt::format(
        "packet{} {} {} stamped {:.3f} s ahead of the packets around; capture again with a steady clock, or "
        "take {} out (editcap FILE NEW {})",
        one ? "" : "s", which, one ? "is" : "are", seconds_of(latest_.time - time), one ? "it" : "them",
        which));
  }
  if (time - latest_.time > kNoCaptureHasSuchAGap) {
    return failure(
        fmt::format("packet {} is stamped {:.1f} days after packet {}: one of the two stamps is wrong, or "
                    "captures of different days were joined; give one capture at a time",
                    packet, seconds_of(time - latest_.time) / 86'400, latest_.packet));
  }
  if (time <= latest_.time) return {};
  if (time - latest_.time > kJump) jump_ = {latest_.time, packet};
  latest_ = {time, packet};
  return {};
}

}  // namespace cuttle::capture
