#include "relay/ways.hh"

#include <algorithm>

namespace cuttle::relay {

void Ways::handle_grant(Instant now, size_t way, uint32_t bytes) {
  ways_[way].granted_bytes = bytes;
  ways_[way].granted_until = now + kGrantLife;
}

void Ways::handle_sent(size_t way, size_t bytes) {
  Way& one = ways_[way];
  ++one.sent;
  one.granted_bytes -= static_cast<uint32_t>(std::min<size_t>(bytes, one.granted_bytes));
}

bool Ways::handle_count(Instant now, size_t way, uint32_t packets) {
  Way& one = ways_[way];
  // Its first report, or the destination began to count anew.
  if (!one.is_counted || packets < one.count) {
    one.is_counted = true;
    one.sent_before.fill(one.sent);
    one.judged = one.sent;
    one.expected = one.count = packets;
    return false;
  }
  one.count = packets;
  const uint32_t sent = one.sent_before.back() - one.judged;
  if (sent < kJudged) return false;
  const uint32_t came = std::min(packets - std::min(one.expected, packets), sent);
  one.judged += sent;
  one.expected += came;
  const auto missing = static_cast<int64_t>(uint64_t{sent - came} * 65536 / sent);
  one.missing_65536ths += (missing - one.missing_65536ths) / kAveraged;
  if (way == 0) return false;
  if ((sent - came) * kBadPart <= sent && one.missing_65536ths <= tolerable()) {
    one.times_left_out -= one.times_left_out > 0 && sent >= 8 * kJudged ? 1 : 0;
    return false;
  }
  const Duration how_long = kLeftOut * (int64_t{1} << std::min<uint32_t>(one.times_left_out, 10));
  ++one.times_left_out;
  one.left_out_until = now + std::min(how_long, kLeftOutLongest);
  one.missing_65536ths = 0;
  one.is_counted = false;
  return true;
}

void Ways::handle_report(Instant now) {
  if (now - last_report_ < kReportsApart) return;
  last_report_ = now;
  for (Way& one : ways_) {
    std::copy_backward(one.sent_before.begin(), one.sent_before.end() - 1, one.sent_before.end());
    one.sent_before.front() = one.sent;
  }
}

}  // namespace cuttle::relay
