#include "link/slot_ring.hh"

#include <bit>
#include <cstdlib>
#include <cstring>

namespace cuttle {

namespace {

constexpr size_t kCacheLine = 64;

}  // namespace

void SlotRing::FreeMemory::operator()(uint8_t* memory) const {
  std::free(memory);
}

SlotRing::SlotRing(wire::CellFormat format, size_t capacity)
    : format_(format),
      mask_(std::bit_ceil(capacity) - 1),
      stride_((format.payload_bytes() + kCacheLine - 1) / kCacheLine * kCacheLine),
      memory_(static_cast<uint8_t*>(std::aligned_alloc(kCacheLine, stride_ * (mask_ + 1)))),
      states_(std::make_unique<std::atomic<State>[]>(mask_ + 1)) {
  CUTTLE_CHECK(memory_ != nullptr, "out of memory");
  std::memset(memory_.get(), 0, stride_ * (mask_ + 1));
  for (size_t i = 0; i <= mask_; ++i) {
    uint8_t* trailer = payload_at(i) + format_.payload_bytes() - wire::kEspTrailerBytes;
    trailer[1] = wire::kNextHeaderAggfrag;
  }
}

size_t SlotRing::begin_write() {
  if (open_bytes_ != 0) {
    State expected = State::open;
    if (state_at(head_).compare_exchange_strong(expected, State::writing, std::memory_order_acquire)) {
      return open_bytes_;
    }
    open_bytes_ = 0;
    ++head_;
  }
  CUTTLE_CHECK(writable_slots() > 0, "the packer asks for room before it writes");
  state_at(head_).store(State::writing, std::memory_order_relaxed);
  return 0;
}

void SlotRing::end_write_open(size_t data_bytes) {
  open_bytes_ = data_bytes;
  if (data_bytes == 0) {
    state_at(head_).store(State::empty, std::memory_order_relaxed);
    return;
  }
  published_.store(head_ + 1, std::memory_order_relaxed);
  state_at(head_).store(State::open, std::memory_order_release);
}

void SlotRing::end_write_full() {
  open_bytes_ = 0;
  published_.store(head_ + 1, std::memory_order_relaxed);
  state_at(head_).store(State::full, std::memory_order_release);
  ++head_;
  if (writable_slots() > 0) state_at(head_).store(State::writing, std::memory_order_relaxed);
}

const uint8_t* SlotRing::take() {
  const size_t tail = tail_.load(std::memory_order_relaxed);
  std::atomic<State>& state = state_at(tail);
  State seen = state.load(std::memory_order_acquire);
  if (seen == State::open) {
    // Lost only to a packer that has just begun to append: then there is nothing to take in this slot.
    if (!state.compare_exchange_strong(seen, State::taken, std::memory_order_acquire)) return nullptr;
  } else if (seen != State::full) {
    return nullptr;
  }
  return payload_at(tail);
}

void SlotRing::release() {
  const size_t tail = tail_.load(std::memory_order_relaxed);
  state_at(tail).store(State::empty, std::memory_order_relaxed);
  tail_.store(tail + 1, std::memory_order_release);
}

}  // namespace cuttle
