// The queue of a TUN interface that one lane reads from and writes to, on a simulated host.
#pragma once

#include <deque>
#include <vector>

#include "base/bytes.hh"
#include "engine/packet_device.hh"
#include "sim/allocations.hh"
#include "sim/checker.hh"
#include "sim/cost_model.hh"
#include "sim/host_packet.hh"

namespace cuttle::sim {

class SimDevice final : public PacketDevice {
 public:
  SimDevice(Allocations& allocations, Checker& checker) : allocations_(allocations), checker_(checker) {}

  // --- The host's side.

  // Packets that the queue still takes.
  size_t room() const { return kQueuePackets - waiting_.size(); }
  // Dropped when it is full, as a queue discipline does.
  void put(HostPacket packet);
  // Its link has ended: nothing may be written any more.
  void close() { closed_ = true; }
  // What was written so far.
  std::vector<HostPacket> take_written();

  // --- The lane's.

  bool empty() const { return waiting_.empty(); }
  // Of the packet that is read next.
  size_t next_bytes() const { return waiting_.front().bytes.size(); }
  ssize_t readv(std::span<const iovec> pieces) override;
  ssize_t writev(std::span<const iovec> pieces) override;
  // What it takes to write what waits to be taken.
  Duration cost_of_written(const CostModel& cost) const;

 private:
  static constexpr size_t kQueuePackets = 64;

  Allocations& allocations_;
  Checker& checker_;
  bool closed_ = false;
  std::deque<HostPacket> waiting_;
  std::vector<HostPacket> written_;
};

}  // namespace cuttle::sim
