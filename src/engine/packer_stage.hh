// Stage 1 for any lane, without the waiting: what every driver's packer does when a lane's TUN may have
// something to read. While a ring has room and nothing waits, packets are read straight into it; otherwise
// into the lane's flow queue, always and at once, so that none waits in the kernel's queue, which knows no
// flows. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/lane.hh"
#include "engine/virtio_header.hh"
#include "link/segment.hh"

namespace cuttle {

// What gets lost, in 65,536ths: of the cells that come here, and of those that go to the peer.
struct Losses {
  uint16_t ours_65536ths = 0;
  uint16_t peers_65536ths = 0;
};
// Where the lane's receiver may be asked by the packer's thread.
inline Losses losses_of(const Lane& lane) {
  return {lane.receiver.loss_65536ths(), lane.receiver.reported_loss_65536ths()};
}

class PackerStage {
 public:
  // Of one look at a lane: is there more to read, and does anything wait for room in the ring?
  enum class Outcome { drained, more, no_room };

  PackerStage();

  // Before the first pack() of that lane.
  void add(const Lane& lane);
  // At most so many packets.
  Outcome pack(Lane& lane, const Losses& losses, int max);
  // Whether there is something to pack that is not in the lane's TUN, for which nobody wakes this thread:
  // what a ladder has to say, and what a node that relays passes on or says.
  static bool has_waiting(const Lane& lane);
  // How often that is to be looked at; never for a lane that has nothing of the kind.
  static std::optional<Duration> look_interval(const Lane& lane);

  // The same for one packet in two halves, between which others may run: what waits goes on and room is
  // claimed; then the packet is read. Nothing else is packed in between.
  struct Begun {
    std::optional<Packer::Room> room;  // none: what is read is to be cut
    size_t longest_bytes;
    bool waiting;
    bool more;  // it waits for its turn, and not for room
  };
  Begun begin(Lane& lane, const Losses& losses);
  Outcome finish(Lane& lane, Begun begun);

 private:
  void cut(Lane& lane, size_t bytes, size_t longest_bytes);

  // For one packet at a time, whichever lane's.
  VirtioHeader header_;
  std::vector<iovec> pieces_;   // the header, then the room
  std::vector<uint8_t> whole_;  // a packet that is to be cut
  std::vector<uint8_t> piece_;
};

}  // namespace cuttle
