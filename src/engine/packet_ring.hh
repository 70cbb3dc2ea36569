// A bounded ring of packets of up to so many bytes between one producing and one consuming thread, each with
// where it comes from and where it goes. Allocates nothing after construction.
#pragma once

#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>

#include "base/bytes.hh"

namespace cuttle {

struct Lane;

class PacketRing {
 public:
  PacketRing(size_t packet_bytes, size_t capacity)
      : packet_bytes_(packet_bytes),
        mask_(std::bit_ceil(capacity) - 1),
        memory_(std::make_unique<uint8_t[]>(packet_bytes * (mask_ + 1))),
        entries_(std::make_unique<Entry[]>(mask_ + 1)) {}

  struct Packet {
    const Lane* from;  // these two may have gone meanwhile: only to be compared
    const Lane* to;
    Bytes bytes;
  };
  // What one of those whose packets are pushed has in it at the most; the producer's.
  struct Share {
    size_t packets = 0;
    size_t counted_at = SIZE_MAX;  // the tail then
  };

  // Producer. False when full, when the packet is too long, or when whoever it is from has as much in the
  // ring as there is room left: nobody keeps the others out.
  bool push(const Lane* from, const Lane* to, Share& share, Bytes packet) {
    const size_t head = head_.load(std::memory_order_relaxed);
    const size_t tail = tail_.load(std::memory_order_acquire);
    const size_t room = mask_ + 1 - (head - tail);
    // Some of them went meanwhile: counted anew where it matters.
    if (share.packets >= room && tail != share.counted_at) {
      share.packets = count(from, tail, head);
      share.counted_at = tail;
    }
    if (share.packets >= room || packet.size() > packet_bytes_) return false;
    std::memcpy(at(head), packet.data(), packet.size());
    entries_[head & mask_] = {from, to, packet.size()};
    head_.store(head + 1, std::memory_order_release);
    ++share.packets;
    return true;
  }

  // Consumer: the oldest, valid until pop(); nullopt when there is none.
  std::optional<Packet> front() const {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return std::nullopt;
    const Entry& entry = entries_[tail & mask_];
    return Packet{entry.from, entry.to, {at(tail), entry.bytes}};
  }
  void pop() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  struct Entry {
    const Lane* from = nullptr;
    const Lane* to = nullptr;
    size_t bytes = 0;
  };
  size_t count(const Lane* from, size_t tail, size_t head) const {
    size_t packets = 0;
    for (; tail != head; ++tail) packets += entries_[tail & mask_].from == from ? 1 : 0;
    return packets;
  }
  uint8_t* at(size_t index) const { return memory_.get() + (index & mask_) * packet_bytes_; }

  size_t packet_bytes_;
  size_t mask_;
  std::unique_ptr<uint8_t[]> memory_;
  std::unique_ptr<Entry[]> entries_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace cuttle
