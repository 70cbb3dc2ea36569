// What the reassembler must do, in the most obvious way: sets, no buffers, no bytes. It knows from the
// sender which cells carry which packet.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.hh"
#include "cell_stream.hh"

namespace cuttle::testing {

class SlowReassembly {
 public:
  SlowReassembly(const CellStream& stream, uint32_t window, Duration lost_cell_timer)
      : stream_(stream), window_(window), timer_(lost_cell_timer) {}

  // Returns the packets that are whole now, in order.
  std::vector<Packet> handle_cell(Instant now, uint32_t sequence) {
    if (sequence < next_) {
      ++late;
      return {};
    }
    give_up_old_gap(now);
    if (sequence == next_) {
      arrived_.insert(next_++);
    } else {
      if (waiting_.empty()) gap_since_ = now;
      waiting_[sequence] = now;
      if (sequence - next_ >= window_) floor_ = std::max(floor_, sequence - window_ + 1);
    }
    return advance();
  }

  std::vector<Packet> handle_timeout(Instant now) {
    give_up_old_gap(now);
    return advance();
  }

  uint64_t lost = 0;
  uint64_t late = 0;

 private:
  void give_up_old_gap(Instant now) {
    if (!waiting_.empty() && now - gap_since_ >= timer_) floor_ = std::max(floor_, waiting_.begin()->first);
  }

  std::vector<Packet> advance() {
    for (;;) {
      if (waiting_.contains(next_)) {
        waiting_.erase(next_);
        arrived_.insert(next_++);
        if (!waiting_.empty()) gap_since_ = waiting_.begin()->second;
      } else if (next_ < floor_) {
        ++lost;
        ++next_;
      } else {
        break;
      }
    }
    return whole_packets();
  }

  std::vector<Packet> whole_packets() {
    std::vector<Packet> result;
    const auto& placed = stream_.placed();
    for (; packet_ < placed.size() && placed[packet_].last < next_; ++packet_) {
      bool whole = true;
      for (uint32_t s = placed[packet_].first; s <= placed[packet_].last; ++s) whole &= arrived_.contains(s);
      if (whole) result.push_back(placed[packet_].packet);
    }
    return result;
  }

  const CellStream& stream_;
  uint32_t window_;
  Duration timer_;
  uint32_t next_ = 1;
  uint32_t floor_ = 1;
  std::set<uint32_t> arrived_;
  std::map<uint32_t, Instant> waiting_;
  Instant gap_since_{};
  size_t packet_ = 0;
};

}  // namespace cuttle::testing
