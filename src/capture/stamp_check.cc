#include "capture/stamp_check.hh"

#include <fmt/format.h>

namespace cuttle::capture {

namespace {

constexpr Duration kJump = milliseconds(500);
constexpr uint64_t kFewPackets = 100;
constexpr Duration kNoCaptureHasSuchAGap = seconds(86'400);

double seconds_of(Duration d) {
  return static_cast<double>(d.ns) * 1e-9;
}

}  // namespace

Result<void> StampCheck::handle_stamp(uint64_t packet, Instant time) {
  if (latest_packet_ != 0 && time < latest_ - tolerance_) {
    const bool came_back =
        jumped_packet_ != 0 && time >= before_jump_ - tolerance_ && packet - jumped_packet_ <= kFewPackets;
    if (!came_back) {
      return failure(
          fmt::format("packet {} is stamped {:.3f} s before packet {}: the clock was set back while it was "
                      "captured, or captures "
                      "were joined out of order; capture again with a steady clock, or sort a joined file "
                      "(reordercap FILE NEW)",
                      packet, seconds_of(latest_ - time), latest_packet_));
    }
    const bool one = packet - jumped_packet_ == 1;
    const std::string which =
        one ? fmt::format("{}", jumped_packet_) : fmt::format("{}-{}", jumped_packet_, packet - 1);
    return failure(fmt::format(
        "packet{} {} {} stamped {:.3f} s ahead of the packets around; capture again with a steady clock, or "
        "take {} "
        "out (editcap FILE NEW {})",
        one ? "" : "s", which, one ? "is" : "are", seconds_of(latest_ - time), one ? "it" : "them", which));
  }
  if (latest_packet_ != 0 && time - latest_ > kNoCaptureHasSuchAGap) {
    return failure(
        fmt::format("packet {} is stamped {:.1f} days after packet {}: one of the two stamps is wrong, or "
                    "captures of different "
                    "days were joined; give one capture at a time",
                    packet, seconds_of(time - latest_) / 86'400, latest_packet_));
  }
  if (latest_packet_ != 0 && time <= latest_) return {};
  if (latest_packet_ != 0 && time - latest_ > kJump) {
    before_jump_ = latest_;
    jumped_packet_ = packet;
  }
  latest_ = time;
  latest_packet_ = packet;
  return {};
}

}  // namespace cuttle::capture
