// Packets that are to go over one link for others, or as this node's own overflow: a queue for each link that
// they came over, which take turns, of as many bytes each. Bounded in bytes and in time: when it is full, the
// oldest of whom has most in it is dropped; what waited too long is of no use at the other end, and is
// dropped as well. However short packets are, and however many queues somebody fills, the others find room in
// the pool (sources.hh).
//
// One thread. Nothing is allocated after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hh"
#include "base/counter.hh"
#include "base/time.hh"
#include "relay/packet_pool.hh"
#include "relay/sources.hh"

namespace cuttle::relay {

class ForwardQueue {
 public:
  // That wait at once, with queues of their own; the others share one.
  static constexpr size_t kMaxSources = 64;

  // Both outlive it.
  ForwardQueue(PacketPool& pool, Sources& sources, size_t max_bytes, Duration max_wait);
  ForwardQueue(const ForwardQueue&) = delete;
  ForwardQueue& operator=(const ForwardQueue&) = delete;
  ~ForwardQueue();

  void handle_packet(Instant now, Sources::Number source, Bytes packet);
  bool empty() const { return packets_ == 0; }
  size_t bytes() const { return bytes_; }
  // The packet whose turn it is; it stays until handle_taken().
  std::optional<Bytes> poll_front(Instant now);
  void handle_taken();
  // Everything in it goes, and counts as stale.
  void clear();

  // Any thread.
  uint64_t dropped_full() const { return dropped_full_.value(); }
  uint64_t dropped_stale() const { return dropped_stale_.value(); }

 private:
  using Place = PacketPool::Place;
  static constexpr Place kNone = PacketPool::kNone;
  struct Source {
    Sources::Number number = 0;
    size_t bytes = 0;
    size_t credit_bytes = 0;  // that it may still take, as long as something waits
    Place head = kNone;
    Place tail = kNone;
  };
  Source& source_of(Sources::Number number);
  void drop_head(Source& source);
  bool drop_oldest();
  void end_turn();

  PacketPool& pool_;
  Sources& all_sources_;
  size_t max_bytes_;
  Duration max_wait_;
  std::vector<Source> sources_;  // of which something waits, or did
  size_t turn_ = 0;
  size_t packets_ = 0;
  size_t bytes_ = 0;
  Counter dropped_full_;
  Counter dropped_stale_;
};

}  // namespace cuttle::relay
