#include "node/lane.hh"

namespace cuttle {

namespace {

// Handshake cells in one direction that can wait for the other thread. Inwards they may be a flood's.
constexpr size_t kHandshakesWaiting = 8;
constexpr size_t kHandshakesWaitingInwards = 64;

}  // namespace

Lane::Lane(const PeerConfig& peer, const PublicKey& own_key, uint8_t lane_index, const SlotPlan& plan,
           const LaneStart& start, Tun tun_queue, UdpSocket lane_socket)
    : index(lane_index),
      format(peer.shape.cell_bytes),
      sizes(lane_sizes(plan, format)),
      allowed_sources(peer.redirect),
      tun(std::move(tun_queue)),
      socket(std::move(lane_socket)),
      ring(format, sizes.ring_slots),
      packer(ring, sizes, start.seed),
      sender(ring, plan, start.epoch, start.draw_key),
      receiver(format, sizes.reorder_cells, sizes.lost_cell_timer),
      handshake_mac(std::make_unique<HandshakeMac>(own_key)),
      handshakes_out(format.cell_bytes(), kHandshakesWaiting),
      handshakes_in(format.cell_bytes(), kHandshakesWaitingInwards) {}

}  // namespace cuttle
