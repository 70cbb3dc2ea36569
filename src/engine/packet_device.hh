// Where a lane's inner packets come from and go to: a TUN interface (io/tun.hh), a simulated host's (sim/),
// or a double (packet_device_double.hh).
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <span>

namespace cuttle {

// Each call moves one packet, preceded by a VirtioHeader (virtio_header.hh) of kVirtioHeaderBytes. One thread
// may read while another writes; neither call ever waits.
class PacketDevice {
 public:
  PacketDevice() = default;
  PacketDevice(const PacketDevice&) = delete;
  PacketDevice& operator=(const PacketDevice&) = delete;
  virtual ~PacketDevice() = default;

  // Bytes moved, header included, or a negative error number: -EAGAIN when nothing waits. A packet larger
  // than the pieces is cut short by the kernel and the rest lost, so offer kLargestTunPacketBytes.
  virtual ssize_t readv(std::span<const iovec> pieces) = 0;
  // Bytes taken, or a negative error number: -EINVAL for a packet or header that the kernel cannot accept
  // (a counted drop: it came from outside), -EIO while the interface is down.
  virtual ssize_t writev(std::span<const iovec> pieces) = 0;
  // For a driver, to wait on for reading; stays the device's. -1: there is nothing to wait on.
  virtual int fd() const { return -1; }

 protected:
  PacketDevice(PacketDevice&&) = default;
  PacketDevice& operator=(PacketDevice&&) = default;
};

}  // namespace cuttle
