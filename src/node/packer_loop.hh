// Stage 1 as a thread: packets from the TUN interfaces into the lanes' slot rings. All work that depends on
// payload before the wire happens here, never on the pacer's thread.
//
// While a ring has room and nothing waits, packets are read straight into it. Otherwise they are read into
// the lane's flow queue, always and at once, so that none waits in the kernel's queue, which knows no flows.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "io/event_queue.hh"
#include "link/segment.hh"
#include "node/lane.hh"
#include "node/lane_change.hh"

namespace cuttle {

// The longest inner packet worth sending while this share of cells is lost: longer ones die too often with
// one of their cells. kLargestPacketBytes without loss.
size_t longest_packet_under_loss(uint16_t loss_65536ths, const wire::CellFormat& format);

class PackerLoop {
 public:
  // The lanes outlive the loop. `spin`: poll, never sleep.
  static Result<std::unique_ptr<PackerLoop>> create(std::vector<Lane*> lanes, bool spin);

  // Until `stop` is set and wake_up() was called.
  void run(const std::atomic<bool>& stop);
  void wake_up() const { wake_up_.set(); }

  // While it runs; from the control thread.
  Result<void> add(Lane& lane);
  void remove(Lane& lane);

 private:
  // Of one look at a lane: is there more to read, and does anything wait for room in the ring?
  enum class Outcome { drained, more, no_room };

  struct Source {
    Lane* lane;
    Outcome outcome = Outcome::more;
  };

  PackerLoop(EventQueue events, WakeUp wake_up, bool spin);
  void serve(std::unique_ptr<Source> source);
  Result<void> watch(Source& source);

  Outcome pack(Lane& lane);
  bool read(Lane& lane);
  bool read_to_cut(Lane& lane, size_t longest);
  size_t read_to(Lane& lane, std::span<const iovec> room);

  std::vector<std::unique_ptr<Source>> sources_;
  LaneChange change_;
  std::unique_ptr<Source> coming_;  // of a lane that joins
  EventQueue events_;
  WakeUp wake_up_;
  bool spin_;
  // For one packet at a time, whichever lane's.
  VirtioHeader header_;
  std::vector<iovec> pieces_;   // the header, then the room
  std::vector<uint8_t> whole_;  // a packet that is to be cut
  std::vector<uint8_t> piece_;
};

}  // namespace cuttle
