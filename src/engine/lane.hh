// One lane of a link, as the threads of a driver share it. Each part belongs to one thread: `packer` and the
// reading end of the TUN to the packer's, `sender` to the pacer's, `receiver` and the writing end of the TUN
// to the receiver's. Between them only rings and relaxed atomics, so none ever waits for another.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/counter.hh"
#include "base/ip.hh"
#include "base/ring.hh"
#include "crypto/keys.hh"
#include "engine/cell_ring.hh"
#include "engine/cell_socket.hh"
#include "engine/drawn_release.hh"
#include "engine/ladder_post.hh"
#include "engine/own_cells.hh"
#include "engine/packet_device.hh"
#include "engine/relay_post.hh"
#include "link/handshake_mac.hh"
#include "link/lane_keys.hh"
#include "link/packer.hh"
#include "link/receiver.hh"
#include "link/seal_lead.hh"
#include "link/sender.hh"

namespace cuttle {

struct StopSending {
  Instant from{INT64_MIN};
};
struct ForgetOneSession {
  uint64_t session;
};
struct ForgetSessionsBefore {
  uint64_t session;
  Instant from{INT64_MIN};  // as in ForgetBefore
};
struct ExpectMac {
  std::unique_ptr<HandshakeMac> mac;  // of handshakes to this node
};
using PacerCommand = std::variant<StopSending, SendKey, ChangeDraws, ChangeStep>;
using ReceiverCommand = std::variant<ForgetSessionsBefore, ForgetOneSession, ReceiveKey, ExpectMac>;

// Written by the receiver's thread.
struct PacketCounters {
  Counter packets_out;  // out of cells, to the TUN
  Counter bytes_out;
  Counter foreign_source;       // inner source that is not this peer's
  Counter foreign_destination;  // inner destination that this node does not accept
  Counter unreadable;           // inner header that does not parse
  Counter tun_refused;          // not taken by the TUN
  Counter handshake_mac_wrong;  // of unknown sources, dropped before they wake the handshakes' thread
  // Handshake cells that found the ring to the handshakes' thread full, or came on another lane than the
  // first.
  Counter handshakes_lost;
};

// What a lane is made from.
struct LaneSetup {
  uint8_t index = 0;
  wire::CellFormat format;
  SlotSteps steps = SlotPlan{};
  PublicKey own_key;  // handshakes to this node are known by it
  std::vector<IpPrefix> allowed_sources;
  std::vector<IpPrefix> allowed_destinations;  // empty: all
  CellEnds cell_ends;                          // of the link's cells
  uint32_t inner_mtu = 1500;
  // The other end is another implementation of RFC 9347 (static_sessions.hh): its cells may be of any size,
  // and packets to it are whole, with their checksums, and no longer than the MTU.
  bool foreign_peer = false;
  Duration sealing{};  // what sealing one train takes on this machine
  // When the first slot begins, and what is drawn at random: the hash of the flows, the instants.
  Instant epoch{};
  uint64_t seed = 0;
  Draws draws;
};

class ReleaseQueue;

struct Lane {
  Lane(LaneSetup setup, std::unique_ptr<PacketDevice> device, std::unique_ptr<CellSocket> cell_socket);

  uint8_t index;
  wire::CellFormat format;
  LaneSizes sizes;  // the largest of any of its plans
  std::vector<IpPrefix> allowed_sources;
  std::vector<IpPrefix> allowed_destinations;
  CellEnds cell_ends;
  uint32_t inner_mtu;
  bool foreign_peer;
  std::string underlay;     // the interface that its cells leave by; empty where none was found
  bool cut_by_cpu = false;  // trains are cut into datagrams by this machine's CPUs, not by the card
  // The pacer's thread: where trains go. None: the pacer releases by itself. Outlives the lane.
  ReleaseQueue* queue = nullptr;

  const std::unique_ptr<PacketDevice> owned_tun;
  const std::unique_ptr<CellSocket> owned_socket;
  PacketDevice& tun;
  CellSocket& socket;
  // Each thread's part on cache lines of its own: what one writes for every packet must not slow what another
  // reads in every slot.
  SlotRing ring;
  alignas(64) Packer packer;
  Counter checksum_wrong;  // packets from the TUN, dropped; written by the packer's thread
  Counter own_cells;       // likewise: this link's cells, which a changed mark led into it
  Counter ladder_forged;   // likewise: packets that would be taken for what this node itself tells the peer
  alignas(64) LaneSender sender;
  SealLead seal_lead;  // the pacer's
  // Pacer to control thread, where draws are logged.
  std::unique_ptr<DrawnReleases> drawn;
  Counter drawn_lost;  // that found it full; written by the pacer's thread
  alignas(64) LaneReceiver receiver;
  std::unique_ptr<HandshakeMac> handshake_mac;
  PacketCounters packets;

  // Handshakes' thread to pacer, and to receiver.
  alignas(64) Ring<PacerCommand> to_pacer{8};
  Ring<ReceiverCommand> to_receiver{8};
  CellRing handshakes_out;
  Counter handshakes_unsent;  // that found this ring full; written by the handshakes' thread
  // Receiver to handshakes' thread.
  CellRing handshakes_in;
  // Likewise, of the first lane: that the first authentic cell of a session came, or one that shows that this
  // node was set back (LaneReceiver::set_back_at; session 0). Told before the handshakes that arrived later.
  struct Told {
    uint64_t session;
    Instant at;
  };
  Ring<Told> told{16};
  // Null: the link follows no ladder. Set before any thread serves the lane.
  std::unique_ptr<LadderPost> ladder;
  // Null: the node relays nothing. Set before any thread serves the lane.
  std::unique_ptr<RelayPost> relay;

  // Keys that are no longer used, freed by the handshakes' thread.
  Ring<std::unique_ptr<Aead>> retired_by_pacer{8};
  Ring<std::unique_ptr<Aead>> retired_by_receiver{8};
};

}  // namespace cuttle
