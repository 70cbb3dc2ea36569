// The bounded ring of plaintext payloads between a lane's packer (producer) and its pacer (consumer), which
// must never wait for each other. Each payload is laid out as it will be sealed:
//
//   [AGGFRAG header 4][data blocks ...][pad length 0][next header 144]
//
// A payload that is not full stays open: the packer may append to it until the pacer takes it. Each slot's
// state:
//
//   empty -> writing -> open -> writing ... -> full        packer
//   open -> taken, full -> taken, taken -> empty           pacer
//
// While a slot is being written the pacer leaves it alone and sends a dummy. Nothing is allocated after
// construction.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/bytes.hh"
#include "wire/cell.hh"

namespace cuttle {

class SlotRing {
 public:
  SlotRing(wire::CellFormat format, size_t capacity);

  const wire::CellFormat& format() const { return format_; }
  size_t capacity() const { return mask_ + 1; }

  // --- packer's side
  // Slots that can be written from the current one on, the current open slot included.
  size_t writable_slots() const { return capacity() - (head_ - tail_.load(std::memory_order_acquire)); }
  // Position of the slot being filled; slots behind it follow at +1, +2, ...
  uint8_t* payload(size_t ahead) { return payload_at(head_ + ahead); }
  // Claims the current slot for writing. Returns the data bytes already in it (0 for a fresh one). If the
  // pacer took the open slot meanwhile, the next slot becomes the current one.
  size_t begin_write();
  // Leaves the current slot open with `data_bytes` used; the rest must be zero already. With nothing in it,
  // the slot goes back to empty.
  void end_write_open(size_t data_bytes);
  // The current slot is complete; the next becomes the current one and is claimed by the caller.
  void end_write_full();
  // From hold() until resume() only packets that leave before the change of keys may be started, so that none
  // is torn by it: whether one that touches so many slots, the current one included, does.
  bool takes(size_t slots) const {
    return !on_hold() || head_ + slots <= leaves_before_.load(std::memory_order_relaxed);
  }
  bool on_hold() const { return on_hold_.load(std::memory_order_relaxed); }
  // True when the current slot holds data and is open.
  bool has_open_slot() const { return open_bytes_ != 0; }

  // --- pacer's side
  // The next payload (payload_bytes() bytes) or nullptr where none is ready. It stays valid until release().
  const uint8_t* take();
  void release();
  // So many slots from the next one on are taken before the change of keys. Until it was said, what was said
  // before the last change holds: long gone, as a rule.
  void set_leaving(size_t slots) {
    leaves_before_.store(tail_.load(std::memory_order_relaxed) + slots, std::memory_order_relaxed);
  }

  // Any thread.
  void hold() { on_hold_.store(true, std::memory_order_relaxed); }
  void resume() { on_hold_.store(false, std::memory_order_relaxed); }

  // Any thread: payloads waiting, never more than there is room for. Exact where neither side is at work;
  // what happens meanwhile may be in it or not.
  size_t waiting() const {
    // In this order: whatever was taken by then was published before. More may be published, and taken,
    // since.
    const size_t tail = tail_.load(std::memory_order_acquire);
    return std::min(published_.load(std::memory_order_relaxed) - tail, capacity());
  }

 private:
  enum class State : uint32_t { empty, writing, open, full, taken };

  uint8_t* payload_at(size_t index) { return memory_.get() + (index & mask_) * stride_; }
  std::atomic<State>& state_at(size_t index) { return states_[index & mask_]; }

  wire::CellFormat format_;
  size_t mask_;
  size_t stride_;
  struct FreeMemory {
    void operator()(uint8_t* memory) const;
  };
  std::unique_ptr<uint8_t[], FreeMemory> memory_;
  std::unique_ptr<std::atomic<State>[]> states_;
  // Apart from what the pacer reads: the packer's pace must not show in the pacer's cache misses.
  alignas(64) size_t head_ = 0;  // packer only
  size_t open_bytes_ = 0;        // packer only
  alignas(64) std::atomic<size_t> published_{0};
  alignas(64) std::atomic<size_t> tail_{0};
  std::atomic<bool> on_hold_{false};
  std::atomic<size_t> leaves_before_{0};
};

}  // namespace cuttle
