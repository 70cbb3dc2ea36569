// One lane of a link, as the threads share it. Each part belongs to one thread: `packer` and the reading end
// of the TUN to the packer's, `sender` to the pacer's, `receiver` and the writing end of the TUN to the
// receiver's. Between them only rings and relaxed atomics, so none ever waits for another.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <variant>

#include "base/ring.hh"
#include "config/config.hh"
#include "io/tun.hh"
#include "io/udp.hh"
#include "link/handshake_mac.hh"
#include "link/lane_keys.hh"
#include "link/lane_packer.hh"
#include "link/receiver.hh"
#include "link/seal_lead.hh"
#include "link/sender.hh"
#include "node/cell_ring.hh"
#include "node/draw_log.hh"
#include "node/own_cells.hh"

namespace cuttle {

struct StopSending {};
struct ForgetSessionsBefore {
  uint64_t session;
};
struct ExpectMac {
  std::unique_ptr<HandshakeMac> mac;  // of handshakes to this node
};
using PacerCommand = std::variant<StopSending, SendKey, DrawKey>;
using ReceiverCommand = std::variant<ForgetSessionsBefore, ReceiveKey, ExpectMac>;

// Written by the receiver's thread.
struct PacketCounters {
  Counter packets_out;  // out of cells, to the TUN
  Counter bytes_out;
  Counter foreign_source;       // inner source that is not this peer's
  Counter foreign_destination;  // inner destination that this node does not accept
  Counter unreadable;           // inner header that does not parse
  Counter tun_refused;          // not taken by the TUN
  Counter handshake_mac_wrong;  // strangers' handshakes, dropped before they wake the control thread
  Counter handshakes_lost;      // handshake cells that found the ring to the control thread full
};

// When the first slot begins, and what is drawn at random: the jitter, the hash of the flows.
struct LaneStart {
  Instant epoch;
  uint64_t seed;
  DrawKey draw_key;
};

class ReleaseQueue;

struct Lane {
  Lane(const PeerConfig& peer, const PublicKey& own_key, uint8_t lane_index, const SlotPlan& plan,
       const LaneStart& start, Tun tun_queue, UdpSocket lane_socket);

  uint8_t index;
  wire::CellFormat format;
  LaneSizes sizes;
  std::vector<IpPrefix> allowed_sources;
  std::vector<IpPrefix> allowed_destinations;  // empty: all
  CellEnds cell_ends;                          // of the link's cells
  uint32_t inner_mtu = 1500;
  std::string underlay;     // the interface that its cells leave by; empty where none was found
  bool cut_by_cpu = false;  // trains are cut into datagrams by this machine's CPUs, not by the card
  // The pacer's thread: where trains go. None: the pacer releases by itself. Outlives the lane.
  ReleaseQueue* queue = nullptr;

  Tun tun;
  UdpSocket socket;
  // Each thread's part on cache lines of its own: what one writes for every packet must not slow what another
  // reads in every slot.
  SlotRing ring;
  alignas(64) LanePacker packer;
  Counter checksum_wrong;  // packets from the TUN, dropped; written by the packer's thread
  Counter own_cells;       // likewise: this link's cells, which a changed mark led into it
  alignas(64) LaneSender sender;
  SealLead seal_lead;  // the pacer's; from what sealing costs on this machine (seal_cost.hh)
  alignas(64) LaneReceiver receiver;
  std::unique_ptr<HandshakeMac> handshake_mac;
  PacketCounters packets;
  Instant last_arrival{INT64_MIN};  // at the socket; the receiver's thread's

  // Pacer to control thread, where draws are logged.
  std::unique_ptr<DrawnReleases> drawn;
  Counter drawn_lost;  // that found it full; written by the pacer's thread

  // Control thread to pacer, control thread to receiver.
  alignas(64) Ring<PacerCommand> to_pacer{8};
  Ring<ReceiverCommand> to_receiver{8};
  CellRing handshakes_out;
  Counter handshakes_unsent;  // that found this ring full; written by the control thread
  // Receiver to control thread.
  CellRing handshakes_in;
  std::atomic<uint64_t> confirmed_session{0};  // the newest whose first authentic cell came

  // Keys that are no longer used, freed by the control thread.
  Ring<std::unique_ptr<Aead>> retired_by_pacer{8};
  Ring<std::unique_ptr<Aead>> retired_by_receiver{8};
};

}  // namespace cuttle
