// Stage 1 of a simulated node: packets from the TUN queues into the slot rings.
#include <algorithm>

#include "sim/sim_node.hh"

namespace cuttle::sim {

void SimNode::kick_packer() {
  if (std::exchange(packing_, true)) return;
  packer_->post([this] { return begin_packing(); }, [this] { end_packing(); });
}

// Takes the next link in turn that has a packet and room for it.
Duration SimNode::begin_packing() {
  pieces_ = 0;
  for (size_t i = 0; i < links_.size() && pieces_ == 0; ++i) {
    packing_link_ = (packing_link_ + 1) % links_.size();
    Link& link = *links_[packing_link_];
    if (link.tun_queue.empty()) continue;
    pieces_ = guarded("Packer::poll_room", [&] { return link.packer.poll_room(room_); });
  }
  if (pieces_ == 0) return nanoseconds(500);
  Link& link = *links_[packing_link_];
  const Duration cost = setup_.cost.read(link.tun_queue.front().size());
  link.packing_until = host_.loop.now() + cost;
  return cost;
}

void SimNode::end_packing() {
  packing_ = false;
  if (pieces_ != 0) {
    copy_into_room(*links_[packing_link_]);
    kick_packer();
    return;
  }
  const bool waiting =
      std::any_of(links_.begin(), links_.end(), [](const auto& link) { return !link->tun_queue.empty(); });
  if (!waiting) return;
  // No room: the pacer wakes nobody, so look again after a slot.
  host_.loop.after(setup_.plan.period(), [this, alive = alive_] {
    if (*alive) kick_packer();
  });
}

void SimNode::copy_into_room(Link& link) {
  const std::vector<uint8_t> packet = std::move(link.tun_queue.front());
  link.tun_queue.pop_front();
  link.packer.set_loss_report(link.receiver.loss_65536ths());
  size_t done = 0;
  for (size_t i = 0; i < pieces_ && done < packet.size(); ++i) {
    const size_t piece = std::min(packet.size() - done, room_[i].iov_len);
    std::memcpy(room_[i].iov_base, packet.data() + done, piece);
    done += piece;
  }
  guarded("Packer::handle_packet", [&] { return link.packer.handle_packet(packet.size()); });
}

// Only for Mutant::pack_on_pacer.
void SimNode::pack_all(Link& link, Duration& cost) {
  while (!link.tun_queue.empty() && link.packer.handle_copy(link.tun_queue.front())) {
    cost = cost + setup_.cost.read(link.tun_queue.front().size());
    link.tun_queue.pop_front();
  }
}

}  // namespace cuttle::sim
