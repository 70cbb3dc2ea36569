#include "impairment.hh"

namespace cuttle::tools {

namespace {

// A held frame leaves after this long even when nothing comes to overtake it.
constexpr Duration kLongestHold = milliseconds(5);

}  // namespace

void Impairment::handle_frame(Instant now, Frame frame) {
  const Instant due = now + options_.delay;
  if (!find_udp(frame)) {
    ready_.push_back({std::move(frame), due});
    return;
  }
  ++counters_.frames;
  // Drawn for every frame alike, so that a seed gives the same fate to the n-th frame whatever the options.
  const bool lost = chance(options_.loss);
  const bool duplicated = chance(options_.duplicate);
  const bool reordered = chance(options_.reorder);
  const bool corrupted = chance(options_.corrupt);
  const bool replayed = chance(options_.replay);
  record(frame);
  if (corrupted) corrupt(frame);
  if (duplicated) {
    ++counters_.duplicated;
    ready_.push_back({frame, due});
  }
  if (lost) {
    ++counters_.lost;
  } else if (reordered) {
    ++counters_.reordered;
    held_.push_back({std::move(frame), 1 + random_.below(options_.depth), now + kLongestHold});
    return;
  } else {
    ready_.push_back({std::move(frame), due});
  }
  overtake(now);
  if (replayed) {
    ++counters_.replayed;
    ready_.push_back({recorded_[random_.below(recorded_.size())], due});
  }
}

void Impairment::overtake(Instant now) {
  for (Held& held : held_) {
    if (--held.overtakers_left == 0) ready_.push_back({std::move(held.frame), now + options_.delay});
  }
  std::erase_if(held_, [](const Held& held) { return held.overtakers_left == 0; });
}

void Impairment::poll_frames(Instant now, std::vector<Frame>& out) {
  for (Held& held : held_) {
    if (held.at_the_latest > now) continue;
    ready_.push_back({std::move(held.frame), now});
    held.overtakers_left = 0;
  }
  std::erase_if(held_, [](const Held& held) { return held.overtakers_left == 0; });
  out.clear();
  while (!ready_.empty() && ready_.front().due <= now) {
    out.push_back(std::move(ready_.front().frame));
    ready_.pop_front();
  }
}

void Impairment::corrupt(Frame& frame) {
  ++counters_.corrupted;
  const auto places = find_udp(frame);
  const uint64_t bit = random_.below(places->payload_bytes * 8);
  frame[places->payload + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  fix_checksums(frame, *places);
}

void Impairment::record(const Frame& frame) {
  if (options_.replay <= 0) return;
  if (recorded_.size() < options_.replay_frames) {
    recorded_.push_back(frame);
  } else {
    recorded_[next_record_++ % options_.replay_frames] = frame;
  }
}

}  // namespace cuttle::tools
