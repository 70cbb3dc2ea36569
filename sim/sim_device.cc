#include "sim/sim_device.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace cuttle::sim {

void SimDevice::put(HostPacket packet) {
  if (room() > 0) waiting_.push_back(std::move(packet));
}

std::vector<HostPacket> SimDevice::take_written() {
  return std::exchange(written_, {});
}

ssize_t SimDevice::readv(std::span<const iovec> pieces) {
  if (waiting_.empty()) return -EAGAIN;
  std::memcpy(pieces[0].iov_base, &waiting_.front().header, kVirtioHeaderBytes);
  const std::vector<uint8_t>& packet = waiting_.front().bytes;
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
  if (closed_) checker_.fail(3, "a packet was delivered after its link ended");
  const auto* bytes = static_cast<const uint8_t*>(pieces[1].iov_base);
  HostPacket& packet = written_.emplace_back();
  std::memcpy(&packet.header, pieces[0].iov_base, kVirtioHeaderBytes);
  packet.bytes.assign(bytes, bytes + pieces[1].iov_len);
  return static_cast<ssize_t>(pieces[0].iov_len + pieces[1].iov_len);
}

Duration SimDevice::cost_of_written(const CostModel& cost) const {
  Duration all{};
  for (const HostPacket& packet : written_) all = all + cost.write(packet.bytes.size());
  return all;
}

}  // namespace cuttle::sim
