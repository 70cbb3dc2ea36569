#include "engine/lane.hh"

#include <utility>

namespace cuttle {

namespace {

// Handshake cells in one direction that can wait for the other thread. Inwards they may be a flood's.
constexpr size_t kHandshakesWaiting = 8;
constexpr size_t kHandshakesWaitingInwards = 64;

}  // namespace

Lane::Lane(LaneSetup setup, std::unique_ptr<PacketDevice> device, std::unique_ptr<CellSocket> cell_socket)
    : index(setup.index),
      format(setup.format),
      sizes(largest_lane_sizes(setup.steps, format)),
      allowed_sources(std::move(setup.allowed_sources)),
      allowed_destinations(std::move(setup.allowed_destinations)),
      cell_ends(setup.cell_ends),
      inner_mtu(setup.inner_mtu),
      foreign_peer(setup.foreign_peer),
      owned_tun(std::move(device)),
      owned_socket(std::move(cell_socket)),
      tun(*owned_tun),
      socket(*owned_socket),
      ring(format, sizes.ring_slots),
      packer(ring, sizes, setup.seed),
      sender(ring, std::move(setup.steps), setup.epoch, std::move(setup.draws)),
      seal_lead(setup.sealing),
      receiver(format, sizes.reorder_cells, sizes.lost_cell_timer,
               setup.foreign_peer ? CellSizes::any : CellSizes::one),
      handshake_mac(std::make_unique<HandshakeMac>(setup.own_key)),
      handshakes_out(format.cell_bytes(), kHandshakesWaiting),
      handshakes_in(format.cell_bytes(), index == 0 ? kHandshakesWaitingInwards : 1) {
  packer.set_limits(lane_sizes(sender.plan(), format));
}

}  // namespace cuttle
