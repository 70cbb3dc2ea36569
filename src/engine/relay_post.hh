// What a link of a relayed mesh has beside its lane (relay_node.hh): the packer's side, which sends and
// passes on, the receiver's, which takes in, and what crosses between these and the handshakes' thread.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hh"
#include "base/counter.hh"
#include "base/ring.hh"
#include "crypto/aead.hh"
#include "crypto/keys.hh"
#include "engine/packet_ring.hh"
#include "link/key_numbers.hh"
#include "link/replay_window.hh"
#include "relay/forward_queue.hh"
#include "relay/grants.hh"
#include "relay/reorder.hh"
#include "relay/ways.hh"
#include "wire/relay_packet.hh"

namespace cuttle {

class RelayNode;

// For packets to the peer, of the session in use; without a key nothing is sealed any more.
struct RelaySendKey {
  std::unique_ptr<Aead> aead;
  uint32_t spi = 0;
  Instant until{};
};
// For packets from the peer; without a key: the sessions before this one are forgotten, or this one alone.
struct RelayReceiveKey {
  std::unique_ptr<Aead> aead{};
  uint32_t spi = 0;
  uint64_t session = 0;
  uint64_t instead_of = 0;  // a session that is given up for this one, if not 0
  bool is_alone = false;
};

// The packer's thread.
struct RelayPackerSide {
  RelayPackerSide(relay::PacketPool& pool, relay::Sources& sources, size_t queue_bytes, Duration max_wait,
                  uint32_t share_percent)
      : forward(pool, sources, queue_bytes, max_wait), grants(share_percent) {}

  // As the source: towards the peer.
  RelaySendKey key;
  uint64_t iv = 0;
  struct Flow {
    bool in_places = false;  // its packets are numbered, whichever way they go
    uint32_t next = 0;
    Instant last{};
  };
  std::array<Flow, relay::Reorder::kFlows> flows{};
  relay::Ways ways;
  // As the relay: over this link.
  relay::ForwardQueue forward;
  relay::Grants grants;
  relay::Sources::Number source =
      relay::Sources::kOwn;  // of what comes from the peer, while the lane is served
  size_t credit_bytes = 0;   // that may go before the node's own packets
  uint64_t own_bytes = 0;    // when the credit was counted last
  uint64_t interval_own_bytes = 0;
  size_t bound_bytes = 3000;  // of packets that wait: the link is full
  // What the peer said: the number of a key of its.
  std::optional<uint64_t> number;
  Instant heard{INT64_MIN / 2};
  uint64_t last_report = 0;
  uint64_t reports = 0;  // said
  Instant said{};
};

// The receiver's thread.
struct RelayReceiverSide {
  RelayReceiverSide(relay::PacketPool& pool, size_t max_packets, Duration hold)
      : reorder(pool, max_packets, hold) {}

  struct Session {
    std::unique_ptr<Aead> aead;
    uint32_t spi = 0;
    uint64_t number = 0;
    ReplayWindow window;
  };
  std::array<Session, 6> sessions;
  uint64_t current = 0;  // session of which the last packet in order was
  relay::Reorder reorder;
  PacketRing::Share passed_on;
};

struct RelayCounters {
  // The packer's, of packets to this peer.
  Counter sent_in_places;  // numbered, by whichever way
  Counter sent_by_relays;  // of these, those that did not go over the link itself
  // Of packets that went over this link for others, or as this node's overflow to others.
  Counter passed_on;
  Counter passed_on_bytes;
  Counter left_out;  // times that the peer, as a relay, was left out because too little of what it got came
  Counter silent_destination;  // that the peer wanted passed on to a node that was not heard lately
  // The receiver's, of packets from this peer, by whichever way.
  Counter came;
  // Of what the peer handed over as a relay.
  Counter altered;          // not authentic
  Counter repeated;         // seen already, or too old
  Counter late;             // those after it went before
  Counter unknown_session;  // of keys that this node does not have
  Counter unknown_source;   // of a node that this one has no link with
  // Of what the peer handed over to be passed on.
  Counter unknown_destination;  // to a node that this one has no link with
  Counter not_its_own;          // that says it is another's: a relay's relay, or a lie
  Counter lost;                 // that found the ring to the packer's thread full
  Counter malformed;
  Counter wrong_number;  // reports with one that is of no key of the peer's
};

struct RelayPost {
  RelayPost(RelayNode& of, std::string in_site) : node(of), site(std::move(in_site)) {}

  RelayNode& node;
  const std::string site;
  KeyNumbers numbers;  // the peer's
  std::unique_ptr<RelayPackerSide> packer;
  std::unique_ptr<RelayReceiverSide> receiver;
  RelayCounters counters;
  // Receiver to packer.
  Ring<wire::RelayReport> reports{4};
  std::array<std::atomic<uint32_t>, relay::Ways::kMax> came_by_way{};  // in time; written by the receiver
  std::atomic<bool> takes_part{false};  // written by the packer, for the status
  // Handshakes' thread to packer and receiver, and keys back to be freed.
  Ring<RelaySendKey> send_keys{4};
  Ring<RelayReceiveKey> receive_keys{16};
  Ring<std::unique_ptr<Aead>> retired_by_packer{8};
  Ring<std::unique_ptr<Aead>> retired_by_receiver{16};
};

}  // namespace cuttle
