// Inner packets become data blocks (RFC 9347, section 2.2), laid out in the payloads of a slot ring: packets
// are aggregated into payloads and fragmented across them. The writer gives room to read a packet straight
// into (no copy), and is then told how long it was.
//
// One thread, the packer's. It may wait for packets; the pacer never waits for it.
#pragma once

#include <sys/uio.h>

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/counter.hh"
#include "link/slot_ring.hh"
#include "wire/inner_packet.hh"

namespace cuttle {

class RingWriter {
 public:
  // The longest packet taken: a BlockOffset has sixteen bits.
  static constexpr size_t kLargestPacketBytes = 65535;

  // Room for one packet of the largest size, in the data areas of consecutive slots, claimed until it is
  // committed or goes. One at a time; the writer outlives it.
  class Room {
   public:
    Room(Room&& other) noexcept
        : writer_(std::exchange(other.writer_, nullptr)),
          used_bytes_(other.used_bytes_),
          pieces_(other.pieces_) {}
    Room& operator=(Room&&) = delete;
    // Not committed: nothing was read, or what was read is to be forgotten.
    ~Room() {
      if (writer_ != nullptr) writer_->give_back(used_bytes_);
    }

    // In the packet's order.
    std::span<const iovec> pieces() const { return pieces_; }
    // The first `bytes` bytes hold one whole IP packet. False, and forgotten, when its own header does not
    // say that it is so long: the receiver could not tell where the next one begins. Once.
    bool commit(size_t bytes);

   private:
    friend RingWriter;
    Room(RingWriter& writer, size_t used_bytes, std::span<const iovec> pieces)
        : writer_(&writer), used_bytes_(used_bytes), pieces_(pieces) {}

    RingWriter* writer_;  // null: committed, or moved from
    size_t used_bytes_;   // by other packets, in the first slot
    std::span<const iovec> pieces_;
  };

  explicit RingWriter(SlotRing& ring) : ring_(ring), pieces_(max_slots_per_packet(ring.format())) {}

  // Slots that one packet can touch at the most.
  static size_t max_slots_per_packet(const wire::CellFormat& format) {
    return kLargestPacketBytes / format.data_bytes() + 2;
  }

  // For a packet of any size.
  bool has_room() const { return has_room(kLargestPacketBytes); }
  bool has_room(size_t bytes) const {
    return ring_.writable_slots() > max_slots_per_packet(ring_.format()) &&
           ring_.takes(bytes / ring_.format().data_bytes() + 2);
  }

  // None where the ring has no such room.
  std::optional<Room> poll_room();

  // Copies a packet in, whole or in pieces. False when there is no room; a packet whose header lies about its
  // length, or that is longer than kLargestPacketBytes, is forgotten.
  bool handle_copy(Bytes packet);
  bool handle_copy(std::span<const iovec> pieces);

  // What the pad bytes report to the peer (wire/pad.hh).
  void set_loss_report(uint16_t loss_65536ths) { loss_report_ = loss_65536ths; }

  // Packets forgotten because their header lied. Any thread.
  uint64_t packets_malformed() const { return packets_malformed_.value(); }

 private:
  uint8_t* data(size_t ahead) { return ring_.payload(ahead) + wire::kAggfragHeaderBytes; }

  void give_back(size_t used_bytes);

  SlotRing& ring_;
  std::vector<iovec> pieces_;  // of the room
  uint16_t loss_report_ = 0;
  Counter packets_malformed_;
};

}  // namespace cuttle
