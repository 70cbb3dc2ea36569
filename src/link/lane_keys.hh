// What an association's events mean for one lane: its keys, ready for use (wire/handshake.hh: lane j has SPI
// first + j).
#pragma once

#include "crypto/aead.hh"
#include "link/association.hh"
#include "link/receiver.hh"
#include "link/sender.hh"

namespace cuttle {

ReceiveKey make_receive_key(const InstallReceive& event, uint8_t lane, AeadBackend backend,
                            PeerTimes times = {});

// How each of the lanes of a link sends that offers this, with room for a rate that is not kept to the last
// bit. `highest_rate_bps`: of all that it changes between; 0: not known.
PeerTimes times_of(const wire::Offer& offer, uint64_t highest_rate_bps);

// `from`: the instant at which the lane changes to this key.
SendKey make_send_key(const InstallSend& event, uint8_t lane, AeadBackend backend, Instant from);

// How long before a change of keys a lane's packer must know of it, so that no packet is torn by it: as long
// as a full ring takes to leave.
Duration key_change_lead(const SlotPlan& plan, size_t ring_slots);

// Sizes of a lane's buffers, from its rate.
struct LaneSizes {
  size_t ring_slots;         // between packer and pacer
  size_t ahead_cells;        // while so many wait in the ring, no packet is begun
  size_t queue_bytes;        // of packets that wait for room in the ring
  size_t reorder_cells;      // RFC 9347, section 2.2.3: the reorder window
  Duration lost_cell_timer;  // the same section
};
LaneSizes lane_sizes(const SlotPlan& plan, const wire::CellFormat& format);
// For a lane that changes between several plans: what each needs at the most.
LaneSizes largest_lane_sizes(const SlotSteps& steps, const wire::CellFormat& format);

}  // namespace cuttle
