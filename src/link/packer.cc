#include "link/packer.hh"

namespace cuttle {

Packer::Packer(SlotRing& ring, const LaneSizes& sizes, uint64_t seed)
    : ring_(ring),
      ahead_cells_(sizes.ahead_cells),
      queue_bytes_(sizes.queue_bytes),
      writer_(ring),
      queue_(sizes.queue_bytes, seed) {}

Packer::Room Packer::poll_room() {
  return {*this, queue_.empty() && has_room() ? writer_.poll_room() : std::nullopt};
}

void Packer::Room::commit(size_t bytes) {
  if (!in_ring_) {
    packer_.queue_.handle_packet(bytes);
  } else if (in_ring_->commit(bytes)) {
    packer_.packets_.add();
    packer_.bytes_.add(bytes);
  }
}

bool Packer::handle_first(Bytes packet) {
  if (!has_room(packet.size()) || !writer_.handle_copy(packet)) return false;
  packets_.add();
  bytes_.add(packet.size());
  return true;
}

bool Packer::handle_waiting() {
  queue_.set_limit(queue_bytes_.load(std::memory_order_relaxed));
  while (!queue_.empty()) {
    const std::span<const iovec> packet = queue_.poll_front();
    size_t bytes = 0;
    for (const iovec& piece : packet) bytes += piece.iov_len;
    if (!has_room(bytes)) break;
    if (writer_.handle_copy(packet)) {
      packets_.add();
      bytes_.add(bytes);
    }
    queue_.handle_taken();
  }
  waiting_bytes_.set(queue_.packet_bytes());
  return !queue_.empty();
}

}  // namespace cuttle
