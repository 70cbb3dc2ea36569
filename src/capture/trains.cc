#include "capture/trains.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle::capture {

Result<bool> TrainCutter::next(PacketRecord& record) {
  if (left_ == 0) {
    auto more = inner_->next(cell_);
    counts_ = inner_->counts();
    if (!more || !*more) return more;
    take_apart();
  }
  record = cell_;
  --left_;
  if (cell_.esp) ++cell_.esp->sequence.value;
  return true;
}

void TrainCutter::take_apart() {
  left_ = std::max(1U, shape_.cells_in(cell_));
  if (left_ > 1) {
    ++trains_.whole;
    trains_.max_cells = std::max(trains_.max_cells, left_);
    cell_.ip_bytes -= cell_.udp_payload_bytes - shape_.cell_bytes;
    cell_.udp_payload_bytes = shape_.cell_bytes;
    return;
  }
  const bool larger = shape_.is_on_port(cell_) && cell_.udp_payload_bytes > shape_.cell_bytes;
  if (!larger || !nodes_.link_of(cell_)) return;
  if (trains_.uneven++ > 0) return;
  trains_.first_uneven_packet = counts_.packets;
  trains_.first_uneven_bytes = cell_.udp_payload_bytes;
}

Result<void> TrainCutter::check_even(const std::string& name) const {
  if (trains_.uneven == 0) return {};
  return failure(fmt::format(
      "{}: {} records on the cells' port are larger than a cell of {} bytes and no multiple of it (first: "
      "packet {}, "
      "{} bytes of payload): datagrams of several sizes that the receiver's GRO merged, or another size than "
      "--cell "
      "says; capture at the sender, or switch merging off (ethtool -K DEV gro off rx-udp-gro-forwarding off)",
      name, trains_.uneven, shape_.cell_bytes, trains_.first_uneven_packet, trains_.first_uneven_bytes));
}

}  // namespace cuttle::capture
