#include "relay/grants.hh"

#include <algorithm>

namespace cuttle::relay {

void Grants::handle_relayed(Sources::Number source, size_t bytes) {
  const auto found = std::ranges::find(sources_, source, &Source::number);
  if (found != sources_.end()) {
    found->now_bytes += bytes;
  } else if (sources_.size() < kMaxSources) {
    sources_.push_back({source, 0, bytes, 0});
  }
}

void Grants::handle_interval(size_t capacity_bytes, size_t own_bytes) {
  const uint64_t most = uint64_t{capacity_bytes} * kUsedPercent / 100;
  const uint64_t share = uint64_t{capacity_bytes} * share_percent_ / 100;
  room_bytes_ = std::max(most - std::min<uint64_t>(most, own_bytes), share);
  for (Source& source : sources_) {
    source.silent_intervals = source.now_bytes > 0 ? 0 : source.silent_intervals + 1;
    // What it used lately, with half of what it used before that: one silent interval is not an end.
    source.used_bytes = std::max(source.now_bytes, source.used_bytes / 2);
    source.now_bytes = 0;
  }
  std::erase_if(sources_, [](const Source& source) { return source.silent_intervals >= kRemembered; });
}

uint32_t Grants::granted_bytes(Sources::Number number) const {
  uint64_t others = 0;  // that use it
  uint64_t used = 0;    // by them, and a tenth more
  for (const Source& source : sources_) {
    if (source.number == number) continue;
    ++others;
    used += source.used_bytes + source.used_bytes / 10;
  }
  const uint64_t fair = room_bytes_ / (others + 1);
  const uint64_t left = room_bytes_ - std::min(room_bytes_, used);
  return static_cast<uint32_t>(std::min<uint64_t>(std::max(fair, left), UINT32_MAX));
}

}  // namespace cuttle::relay
