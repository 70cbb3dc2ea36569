// Stage 1 of a lane: packets go straight into the slot ring while it has room and none waits; the others wait
// in the queue of flows. The driver asks for room, reads a packet into it and says how long it was; it may do
// so at any time, for there is always room, and should do so at once: what waits elsewhere waits without
// order.
//
// How long a packet of a flow with little to send waits at the most, on a link that others fill:
//   - what is in the ring: `ahead_cells` (lane_keys.hh: 1 ms or four slots) and one largest packet,
//   - until the packer looks again: one slot,
//   - until its own slot: one slot,
// and one packet for each other flow of that kind. Before a change of keys, every 120 s, only packets are
// begun that leave before it: that adds 5 ms, a slot or two, and what the packet that waits takes to leave.
//
// One thread (the packer's); the counters may be read by any. Nothing is allocated after construction.
#pragma once

#include <atomic>
#include <optional>
#include <span>

#include "base/counter.hh"
#include "link/flow_queue.hh"
#include "link/lane_keys.hh"
#include "link/ring_writer.hh"

namespace cuttle {

class Packer {
 public:
  Packer(SlotRing& ring, const LaneSizes& sizes, uint64_t seed);

  // The most pieces that poll_room hands out.
  static size_t max_pieces(const wire::CellFormat& format) {
    return std::max(FlowQueue::kRoomPieces, RingWriter::max_slots_per_packet(format));
  }

  // Room for one packet, always there: in the ring, or in the queue. To be committed or to go before any
  // other call; the packer outlives it.
  class Room {
   public:
    std::span<const iovec> pieces() const {
      return in_ring_ ? in_ring_->pieces() : packer_.queue_.poll_room();
    }
    // The first `bytes` bytes hold one packet. Without it, nothing was read, or it is to be forgotten.
    void commit(size_t bytes);

   private:
    friend Packer;
    Room(Packer& packer, std::optional<RingWriter::Room> in_ring)
        : packer_(packer), in_ring_(std::move(in_ring)) {}

    Packer& packer_;
    std::optional<RingWriter::Room> in_ring_;  // none: in the queue
  };
  Room poll_room();

  // Copies a packet to those that wait; where has_queue_room said no, another one is dropped for it.
  void handle_copy(Bytes packet) { queue_.handle_copy(packet); }

  // The same, as one of that flow.
  void handle_copy(Bytes packet, uint32_t flow) { queue_.handle_copy(packet, flow); }
  // Straight into the ring, before all that waits; false where it has no room.
  bool handle_first(Bytes packet);

  uint32_t flow_of(Bytes beginning) const { return queue_.flow_of(beginning); }
  bool waits(uint32_t flow) const { return queue_.waits(flow); }
  // Of the packets that wait for room in the ring, now.
  size_t queued_bytes() const { return queue_.packet_bytes(); }

  bool has_queue_room(size_t bytes) const { return queue_.has_room(bytes); }

  // Moves what waits into the ring as far as there is room. True when something still waits: call again after
  // a slot.
  bool handle_waiting();

  // Any thread: the lane has another plan now, and what waits here is what that one asks for. Of the sizes
  // that it was made with, no more than there is.
  void set_limits(const LaneSizes& sizes) {
    ahead_cells_.store(sizes.ahead_cells, std::memory_order_relaxed);
    queue_bytes_.store(sizes.queue_bytes, std::memory_order_relaxed);
  }

  // What the pad bytes report to the peer (wire/pad.hh).
  void set_loss_report(uint16_t loss_65536ths) { writer_.set_loss_report(loss_65536ths); }

  // Any thread.
  uint64_t packets() const { return packets_.value(); }  // into the ring
  uint64_t bytes() const { return bytes_.value(); }
  uint64_t packets_malformed() const { return writer_.packets_malformed(); }
  uint64_t packets_dropped() const { return queue_.packets_dropped(); }
  // In the queue, when it was looked last.
  uint64_t waiting_bytes() const { return waiting_bytes_.value(); }

 private:
  bool has_room(size_t bytes = RingWriter::kLargestPacketBytes) const {
    return writer_.has_room(bytes) && ring_.waiting() < ahead_cells_.load(std::memory_order_relaxed);
  }

  SlotRing& ring_;
  std::atomic<size_t> ahead_cells_;
  std::atomic<size_t> queue_bytes_;
  RingWriter writer_;
  FlowQueue queue_;
  Counter packets_;
  Counter bytes_;
  Counter waiting_bytes_;
};

}  // namespace cuttle
