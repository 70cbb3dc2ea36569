// The ways from this node to one other: way 0 is the direct link, each of the others goes over one relay.
// What a relay has granted may be sent over it; of those with enough, the one with most is taken. The
// destination says how many packets came by each way in time: where some are missing, others are taken
// first, and where too many are, the relay drops, delays or alters them, and is left out for a while, longer
// each time.
//
// One thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/time.hh"

namespace cuttle::relay {

class Ways {
 public:
  static constexpr size_t kMax = 32;
  static constexpr Duration kGrantLife = milliseconds(300);
  // So many reports ago, what was sent has come or is lost.
  static constexpr size_t kReportsBack = 5;
  static constexpr Duration kReportsApart = milliseconds(80);
  // A way is judged by so many packets at least, and is bad where a quarter of them is missing, or, on
  // average over some eight times as many, a sixteenth more than of those that went directly: those two
  // nodes' own connections lose some for every way.
  static constexpr uint32_t kJudged = 32;
  static constexpr uint32_t kBadPart = 4;
  static constexpr int64_t kBadAverage_65536ths = 65536 / 16;
  static constexpr int64_t kAveraged = 8;
  static constexpr Duration kLeftOut = seconds(10);
  static constexpr Duration kLeftOutLongest = seconds(640);

  // `bytes`: in place of what was left of the grant before.
  void handle_grant(Instant now, size_t way, uint32_t bytes);
  // The way for a packet of so many bytes, among those for which `usable`; nullopt: none.
  template <typename Usable>
  std::optional<size_t> poll_way(Instant now, size_t bytes, Usable usable) const {
    std::optional<size_t> best;
    int64_t most = -1;
    for (size_t way = 1; way < kMax; ++way) {
      const Way& one = ways_[way];
      if (one.granted_bytes < bytes || now >= one.granted_until || now < one.left_out_until) continue;
      const int64_t worth = one.granted_bytes * std::max<int64_t>(tolerable() - one.missing_65536ths, 0);
      if (worth <= most || !usable(way)) continue;
      best = way;
      most = worth;
    }
    return best;
  }
  void handle_sent(size_t way, size_t bytes);
  // So many packets of a way came in time so far, by the destination's count. True when it is left out now.
  bool handle_count(Instant now, size_t way, uint32_t packets);
  // After all counts of a report. Those that come together, because a thread stood still, are one.
  void handle_report(Instant now);
  // Other relays have these numbers from now on.
  void handle_other_relays() { *this = Ways(); }

  bool is_left_out(Instant now, size_t way) const { return now < ways_[way].left_out_until; }

 private:
  struct Way {
    uint32_t granted_bytes = 0;
    Instant granted_until{INT64_MIN};
    Instant left_out_until{INT64_MIN};
    uint32_t times_left_out = 0;
    uint32_t sent = 0;  // packets
    std::array<uint32_t, kReportsBack> sent_before{};
    bool is_counted = false;  // the two below hold
    uint32_t judged = 0;      // of what was sent
    uint32_t expected = 0;    // what the destination's count was then, or should have been
    uint32_t count = 0;
    int64_t missing_65536ths = 0;  // on average, lately
  };
  int64_t tolerable() const { return kBadAverage_65536ths + ways_[0].missing_65536ths; }

  std::array<Way, kMax> ways_{};
  Instant last_report_{INT64_MIN / 2};
};

}  // namespace cuttle::relay
