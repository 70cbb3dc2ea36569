// A bounded ring of packets of up to so many bytes between one producing and one consuming thread, each with
// where it goes. Allocates nothing after construction.
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
    const Lane* to;  // which may have gone meanwhile: only to be compared
    uint64_t source;
    Bytes bytes;
  };

  // Producer. False when full, or when the packet is too long.
  bool push(const Lane* to, uint64_t source, Bytes packet) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) > mask_ || packet.size() > packet_bytes_) return false;
    std::memcpy(at(head), packet.data(), packet.size());
    entries_[head & mask_] = {to, source, packet.size()};
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Consumer: the oldest, valid until pop(); nullopt when there is none.
  std::optional<Packet> front() const {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return std::nullopt;
    const Entry& entry = entries_[tail & mask_];
    return Packet{entry.to, entry.source, {at(tail), entry.bytes}};
  }
  void pop() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

 private:
  struct Entry {
    const Lane* to = nullptr;
    uint64_t source = 0;
    size_t bytes = 0;
  };
  uint8_t* at(size_t index) const { return memory_.get() + (index & mask_) * packet_bytes_; }

  size_t packet_bytes_;
  size_t mask_;
  std::unique_ptr<uint8_t[]> memory_;
  std::unique_ptr<Entry[]> entries_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace cuttle
