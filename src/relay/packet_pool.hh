// Memory for packets that wait, shared by the queues of one thread. Nothing is allocated after construction.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.hh"
#include "base/time.hh"

namespace cuttle::relay {

class PacketPool {
 public:
  using Place = uint32_t;
  static constexpr Place kNone = UINT32_MAX;

  struct Entry {
    Place next = kNone;  // the queue's
    uint32_t bytes = 0;
    uint32_t sequence = 0;  // the same
    uint32_t source = 0;    // the same
    Instant since{};
  };

  PacketPool(size_t places, size_t place_bytes)
      : place_bytes_(place_bytes),
        memory_(std::make_unique<uint8_t[]>(places * place_bytes)),
        entries_(places) {
    free_.reserve(places);
    for (size_t i = places; i > 0; --i) free_.push_back(static_cast<Place>(i - 1));
  }

  size_t place_bytes() const { return place_bytes_; }
  // Copies the packet; nullopt where it is too long, or there is no room for one who has so many places
  // already: as many as are left (sources.hh says why).
  std::optional<Place> take(Instant now, Bytes packet, size_t has) {
    if (has >= free_.size() || packet.size() > place_bytes_) return std::nullopt;
    const Place place = free_.back();
    free_.pop_back();
    std::copy(packet.begin(), packet.end(), memory_.get() + size_t{place} * place_bytes_);
    entries_[place] = {.bytes = static_cast<uint32_t>(packet.size()), .since = now};
    return place;
  }
  void give_back(Place place) { free_.push_back(place); }
  Entry& entry(Place place) { return entries_[place]; }
  MutableBytes packet(Place place) {
    return {memory_.get() + size_t{place} * place_bytes_, entries_[place].bytes};
  }
  size_t free_places() const { return free_.size(); }

 private:
  size_t place_bytes_;
  std::unique_ptr<uint8_t[]> memory_;
  std::vector<Entry> entries_;
  std::vector<Place> free_;
};

}  // namespace cuttle::relay
