#include "sim/sim_device.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/virtio_header.hh"

namespace cuttle::sim {

void SimDevice::put(Packet packet) {
  if (room() > 0) waiting_.push_back(std::move(packet));
}

std::vector<SimDevice::Packet> SimDevice::take_written() {
  return std::exchange(written_, {});
}

// The host leaves no checksum to be made and hands over no packet to be cut.
ssize_t SimDevice::readv(std::span<const iovec> pieces) {
  if (waiting_.empty()) return -EAGAIN;
  std::memset(pieces[0].iov_base, 0, kVirtioHeaderBytes);
  const Packet& packet = waiting_.front();
  size_t done = 0;
  for (const iovec& piece : pieces.subspan(1)) {
    const size_t part = std::min(piece.iov_len, packet.size() - done);
    std::memcpy(piece.iov_base, packet.data() + done, part);
    done += part;
  }
  waiting_.pop_front();
  return static_cast<ssize_t>(kVirtioHeaderBytes + done);
}

ssize_t SimDevice::writev(std::span<const iovec> pieces) {
  const Allocations::Excuse excuse(allocations_);
  const auto* bytes = static_cast<const uint8_t*>(pieces[1].iov_base);
  written_.emplace_back(bytes, bytes + pieces[1].iov_len);
  return static_cast<ssize_t>(pieces[0].iov_len + pieces[1].iov_len);
}

Duration SimDevice::cost_of_written(const CostModel& cost) const {
  Duration all{};
  for (const Packet& packet : written_) all = all + cost.write(packet.size());
  return all;
}

}  // namespace cuttle::sim
