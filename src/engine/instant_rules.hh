// How an interface's own queue reads the instants on what it is given (release_queue.hh): fq, or etf, which
// lets a train go in the last `delta` before the instant on it, and drops what is later. Source: tc-fq(8),
// tc-etf(8); Linux net/sched/sch_fq.c, sch_etf.c.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hh"

namespace cuttle {

enum class InstantQueueKind : uint8_t {
  fq,           // by the monotonic clock; drops nothing that is late
  etf,          // by TAI, in software: as soon as `delta` before the instant
  etf_of_card,  // by TAI: the card has it `delta` before, and lets it go at the instant (its launch time)
};

struct InstantRules {
  // With less than this in software, how busy the host is would decide what etf drops. More costs nothing.
  static constexpr Duration kLeastDelta = milliseconds(5);

  InstantQueueKind kind = InstantQueueKind::fq;
  Duration delta{};
  uint32_t priority = 0;  // of what is to go through it (SO_PRIORITY)

  bool operator==(const InstantRules&) const = default;

  bool goes_by_tai() const { return kind != InstantQueueKind::fq; }
  // What it drops comes back, and has to leave all the same.
  bool gives_back() const { return kind != InstantQueueKind::fq; }
  // The instant on a train is so much later than the one at which it is to leave.
  Duration put_later() const { return kind == InstantQueueKind::etf ? delta : Duration{}; }
  // So long ahead a train has to be there at the latest. A card may have others of up to `delta` ahead
  // already, and etf drops what is to leave before one that has left it.
  Duration notice() const {
    return kind == InstantQueueKind::etf_of_card ? delta + microseconds(50) : Duration{};
  }
  // For people.
  std::string_view name() const {
    switch (kind) {
      case InstantQueueKind::fq:
        return "fq, by the monotonic clock";
      case InstantQueueKind::etf:
        return "etf in software (no offload), by TAI";
      case InstantQueueKind::etf_of_card:
        return "etf with the card's launch time (offload), by TAI";
    }
    return "";
  }
};

}  // namespace cuttle
