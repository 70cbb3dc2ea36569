#include "link/lane_packer.hh"

namespace cuttle {

LanePacker::LanePacker(SlotRing& ring, const LaneSizes& sizes, uint64_t seed)
    : ring_(ring),
      ahead_cells_(sizes.ahead_cells),
      queue_bytes_(sizes.queue_bytes),
      packer_(ring),
      queue_(sizes.queue_bytes, seed),
      ring_room_(Packer::most_slots_per_packet(ring.format())) {}

std::span<const iovec> LanePacker::poll_room() {
  room_is_in_ring_ = queue_.empty() && has_room();
  if (!room_is_in_ring_) return queue_.poll_room();
  return std::span(ring_room_).first(packer_.poll_room(ring_room_));
}

void LanePacker::handle_packet(size_t bytes) {
  if (!room_is_in_ring_) {
    queue_.handle_packet(bytes);
  } else if (packer_.handle_packet(bytes)) {
    packets_.add();
    bytes_.add(bytes);
  }
}

void LanePacker::handle_nothing() {
  if (room_is_in_ring_) packer_.handle_nothing();
}

bool LanePacker::handle_waiting() {
  queue_.set_limit(queue_bytes_.load(std::memory_order_relaxed));
  while (!queue_.empty() && has_room()) {
    const std::span<const iovec> packet = queue_.poll_front();
    size_t bytes = 0;
    for (const iovec& piece : packet) bytes += piece.iov_len;
    if (packer_.handle_copy(packet)) {
      packets_.add();
      bytes_.add(bytes);
    }
    queue_.handle_taken();
  }
  return !queue_.empty();
}

}  // namespace cuttle
