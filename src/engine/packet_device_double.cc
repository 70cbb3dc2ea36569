#include "engine/packet_device_double.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cuttle {

void PacketDeviceDouble::put(Bytes packet, const VirtioHeader& header) {
  waiting_.push_back({header, {packet.begin(), packet.end()}});
}

ssize_t PacketDeviceDouble::readv(std::span<const iovec> pieces) {
  if (waiting_.empty()) return -EAGAIN;
  std::vector<uint8_t> flat(kVirtioHeaderBytes + waiting_.front().bytes.size());
  std::memcpy(flat.data(), &waiting_.front().header, kVirtioHeaderBytes);
  std::copy(waiting_.front().bytes.begin(), waiting_.front().bytes.end(),
            flat.begin() + static_cast<std::ptrdiff_t>(kVirtioHeaderBytes));
  waiting_.pop_front();
  size_t done = 0;
  for (const iovec& piece : pieces) {
    const size_t part = std::min(piece.iov_len, flat.size() - done);
    std::memcpy(piece.iov_base, flat.data() + done, part);
    done += part;
  }
  return static_cast<ssize_t>(done);
}

ssize_t PacketDeviceDouble::writev(std::span<const iovec> pieces) {
  if (write_error_ != 0) return -write_error_;
  std::vector<uint8_t> flat;
  for (const iovec& piece : pieces) {
    const auto* from = static_cast<const uint8_t*>(piece.iov_base);
    flat.insert(flat.end(), from, from + piece.iov_len);
  }
  if (flat.size() < kVirtioHeaderBytes) return -EINVAL;
  Packet packet;
  std::memcpy(&packet.header, flat.data(), kVirtioHeaderBytes);
  packet.bytes.assign(flat.begin() + static_cast<std::ptrdiff_t>(kVirtioHeaderBytes), flat.end());
  written_.push_back(std::move(packet));
  return static_cast<ssize_t>(flat.size());
}

}  // namespace cuttle
