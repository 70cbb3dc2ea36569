// Stage 1 as a thread: packets from the TUN interfaces into the lanes' slot rings. All work that depends on
// payload before the wire happens here, never on the pacer's thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "io/event_queue.hh"
#include "link/segment.hh"
#include "node/lane.hh"

namespace cuttle {

// The longest inner packet worth sending while this share of cells is lost: longer ones die too often with
// one of their cells. kLargestPacketBytes without loss.
size_t longest_packet_under_loss(uint16_t loss_65536ths, const wire::CellFormat& format);

class PackerLoop {
 public:
  // The lanes outlive the loop.
  static Result<std::unique_ptr<PackerLoop>> create(std::vector<Lane*> lanes, bool spin);

  // Until `stop` is set and wake_up() was called.
  void run(const std::atomic<bool>& stop);
  void wake_up() const { wake_up_.set(); }

 private:
  enum class Outcome { drained, more, no_room };

  struct Source {
    Lane* lane;
    std::vector<iovec> pieces;  // the first is the virtio header's
    VirtioHeader header;
    std::vector<uint8_t> scratch;  // a packet that is to be cut
    std::vector<uint8_t> piece;
    std::optional<Segmenter> cutting;
    Outcome outcome = Outcome::more;
  };

  PackerLoop(std::vector<Lane*> lanes, EventQueue events, WakeUp wake_up, bool spin);

  Outcome pack(Source& source);
  Outcome pack_in_place(Source& source);
  Outcome pack_cut(Source& source, size_t longest);
  static bool put_pieces(Source& source);

  std::vector<Source> sources_;
  EventQueue events_;
  WakeUp wake_up_;
  bool spin_;
};

}  // namespace cuttle
