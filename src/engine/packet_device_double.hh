// The double of a TUN interface: packets the test puts in are read out, packets written are kept.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/bytes.hh"
#include "engine/packet_device.hh"
#include "engine/virtio_header.hh"

namespace cuttle {

class PacketDeviceDouble final : public PacketDevice {
 public:
  struct Packet {
    VirtioHeader header;
    std::vector<uint8_t> bytes;
  };

  // One packet more to be read.
  void put(Bytes packet, const VirtioHeader& header = {});
  // What was written, oldest first.
  const std::vector<Packet>& written() const { return written_; }
  // Every later write fails with this error number; 0 ends that.
  void refuse_writes(int error_number) { write_error_ = error_number; }

  ssize_t readv(std::span<const iovec> pieces) override;
  ssize_t writev(std::span<const iovec> pieces) override;

 private:
  std::deque<Packet> waiting_;
  std::vector<Packet> written_;
  int write_error_ = 0;
};

}  // namespace cuttle
