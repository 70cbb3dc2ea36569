// Stage 1 of the sending side: inner packets become data blocks (RFC 9347, section 2.2). Packets are
// aggregated into payloads and fragmented across them. The packer is given room to read a packet straight
// into (no copy), then told how long it was.
//
// One thread. It may wait for packets; the pacer never waits for it.
#pragma once

#include <sys/uio.h>

#include <span>

#include "base/counter.hh"
#include "link/slot_ring.hh"
#include "wire/inner_packet.hh"

namespace cuttle {

class Packer {
 public:
  // The longest packet taken: a BlockOffset has sixteen bits.
  static constexpr size_t kLargestPacketBytes = 65535;

  explicit Packer(SlotRing& ring) : ring_(ring) {}

  // Slots that one packet can touch at the most.
  static size_t most_slots_per_packet(const wire::CellFormat& format) {
    return kLargestPacketBytes / format.data_bytes() + 2;
  }

  bool has_room() const {
    return !ring_.on_hold() && ring_.writable_slots() > most_slots_per_packet(ring_.format());
  }

  // Room for one packet of the largest size, in order, in the data areas of consecutive slots; at most
  // out.size() pieces are used. Returns the number of pieces, 0 when the ring has no such room. Must be
  // followed by handle_packet or handle_nothing before the next call.
  size_t poll_room(std::span<iovec> out);

  // The first `bytes` octets of the room now hold one whole IP packet. False, and forgotten, when its own
  // header does not say that it is so long: the receiver could not tell where the next one begins.
  bool handle_packet(size_t bytes);
  // Nothing was read (or what was read is to be forgotten).
  void handle_nothing();

  // Copies a packet in, whole or in pieces. False when there is no room; a packet whose header lies about its
  // length, or that is longer than kLargestPacketBytes, is forgotten.
  bool handle_copy(Bytes packet);
  bool handle_copy(std::span<const iovec> pieces);

  // What the pad octets report to the peer (wire/pad.hh).
  void set_loss_report(uint16_t loss_65536ths) { loss_report_ = loss_65536ths; }

  // Packets forgotten because their header lied. Any thread.
  uint64_t packets_malformed() const { return packets_malformed_.value(); }

 private:
  uint8_t* data(size_t ahead) { return ring_.payload(ahead) + wire::kAggfragHeaderBytes; }

  SlotRing& ring_;
  size_t used_bytes_ = 0;  // in the slot claimed by poll_room
  uint16_t loss_report_ = 0;
  Counter packets_malformed_;
};

}  // namespace cuttle
