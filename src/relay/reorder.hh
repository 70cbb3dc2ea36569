// Packets of one source that come by several ways, put back into the order of their flows. A packet that
// comes early waits for those before it, for a bounded time and as long as there is room; then the gap is
// given up. What comes after that is handed out as it comes: late, but not lost. No source has more places of
// the pool than are left for the others (sources.hh).
//
// One thread. Nothing is allocated after construction.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "base/counter.hh"
#include "base/time.hh"
#include "relay/packet_pool.hh"

namespace cuttle::relay {

class Reorder {
 public:
  static constexpr size_t kFlows = 256;

  // The pool outlives it. `hold`: how long an early packet waits.
  Reorder(PacketPool& pool, size_t max_packets, Duration hold)
      : pool_(pool), max_packets_(max_packets), hold_(hold) {}
  Reorder(const Reorder&) = delete;
  Reorder& operator=(const Reorder&) = delete;
  ~Reorder();

  enum class Verdict {
    in_order,  // hand it out, then what poll_packet() has
    late,      // the same; those after it went before
    held,      // it was copied
    full,      // hand it out: there is no room to let it wait
  };
  Verdict handle_packet(Instant now, uint8_t flow, uint32_t sequence, Bytes packet);
  // The next packet whose turn it is, or that waited too long at `now`. Valid until the next call.
  std::optional<MutableBytes> poll_packet(Instant now);
  // Another session: places count from 0 again. What waits comes out of poll_packet() first.
  void handle_new_session();
  // Everything that waits goes.
  void clear();

  bool empty() const { return held_ == 0; }
  // Any thread.
  uint64_t packets_late() const { return late_.value(); }
  uint64_t gaps() const { return gaps_.value(); }  // given up
  uint64_t packets_full() const { return full_.value(); }

 private:
  using Place = PacketPool::Place;
  static constexpr Place kNone = PacketPool::kNone;
  struct Flow {
    uint32_t next = 0;
    Place head = kNone;  // by sequence
    Place tail = kNone;  // where there is a head
  };
  void insert(Flow& flow, Place place);
  void free_handed_out();

  PacketPool& pool_;
  size_t max_packets_;
  Duration hold_;
  std::array<Flow, kFlows> flows_{};
  size_t held_ = 0;
  size_t look_ = 0;        // the flow that was looked at last
  size_t in_a_row_ = 0;    // of its packets, handed out
  bool flushing_ = false;  // what waits is of an earlier session
  Place handed_out_ = kNone;
  Counter late_;
  Counter gaps_;
  Counter full_;
};

}  // namespace cuttle::relay
