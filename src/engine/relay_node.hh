// A node of a relayed mesh: what a link has no room for goes over other links, in place of dummies, to nodes
// that pass it on. Nothing of that shows: how many cells leave, and when, is decided without it.
//
//   source       a packet of a flow that waits for the direct link is sealed for the destination, numbered,
//                and goes directly, or by the relay that granted most (relay_packing.cc)
//   relay        what the peer itself sealed for another peer goes to that one's link, and to no other node:
//                so nothing is relayed twice, and there are no loops (relay_receiving.cc, relay_packing.cc)
//   destination  opens it, takes each once, and puts the flows back in order (relay_receiving.cc)
//
// All links of a node have their packer on one thread, and their receiver on one.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/packet_ring.hh"
#include "engine/relay_post.hh"
#include "link/lane_keys.hh"

namespace cuttle {

struct RelaySettings {
  PublicKey own_key;
  uint32_t share_percent = 25;  // of each link that others have at the least
  std::string site{};           // empty: none
  size_t inner_mtu = 1500;
};

// How often nodes tell each other what came and what may come.
inline constexpr Duration kRelayReportInterval = milliseconds(100);
// Packets on their way from the receiver's thread to the packer's.
inline constexpr size_t kPassedOnCapacity = 512;
// Of the packets that waited at their destination for those before them: with each that comes, so that they
// get fewer however short packets are; and after a train. Not all at once, for a thread that keeps time as
// well would be late.
inline constexpr int kHandedOutWithAPacket = 2;
inline constexpr int kHandedOutWithATrain = 64;

// The packer's thread.
class RelayPacking {
 public:
  RelayPacking(const RelaySettings& settings, const KeyNumbers& own, PacketRing& passed_on);

  void add(Lane& lane);
  void remove(Lane& lane);
  // Once in each round: what peers said, what is to be passed on, what is to be said.
  void handle_time(Instant now);
  // The same a piece at a time, for a thread that keeps time as well; true when there is more of it now.
  bool handle_piece(Instant now);
  // Between two of these.
  void handle_clock(Instant now) { now_ = now; }
  // Whether there is something to pack that is not in its TUN.
  static bool has_waiting(const Lane& lane) { return !lane_side(lane).forward.empty(); }
  // Before the lane's own packets are packed: what goes over this link for others, some packets at a time,
  // and whether something still waits.
  enum class Waiting { nothing, no_room, more };
  Waiting pack_waiting(Lane& lane);
  // A packet from the lane's TUN that lies in `room`: true when it went, numbered, by whichever way; false:
  // it goes as every packet does.
  bool handle_packet(Lane& lane, Bytes first, std::span<const iovec> room, size_t bytes, uint16_t gso_bytes);

 private:
  static RelayPackerSide& lane_side(const Lane& lane);
  bool takes_part(const RelayPackerSide& side) const;
  void pass_on(const PacketRing::Packet& packet);
  bool pass_on_some(size_t most);
  bool hear(Lane& lane);
  void begin_to_say();
  void say_next();
  void forget_silent();
  bool may_relay(const Lane& relay, const Lane& destination) const;
  Lane* relay_of(const Lane& destination, size_t way) const;
  std::optional<size_t> choose_way(Lane& lane, size_t bytes) const;
  void send_piece(Lane& lane, uint8_t flow, Bytes piece, bool is_first);
  void take_keys(Lane& lane);
  void take_report(Lane& lane, const wire::RelayReport& report);
  void say(Lane& lane);
  void handle_interval(Lane& lane);

  RelaySettings settings_;
  const KeyNumbers& own_;
  PacketRing& passed_on_;
  relay::PacketPool pool_;
  relay::Sources sources_;
  std::vector<Lane*> lanes_;
  Instant now_{};
  Instant say_next_{};
  size_t to_say_ = 0;       // of lanes_, the first so many have still to be told
  size_t heard_next_ = 0;   // in lanes_: whose report is looked for first
  size_t grants_from_ = 0;  // in lanes_: more than a report holds take turns
  std::vector<uint8_t> whole_;
  std::vector<uint8_t> piece_;
  std::vector<uint8_t> sealed_;

  friend RelayNode;
};

// The receiver's thread.
class RelayReceiving {
 public:
  RelayReceiving(const RelaySettings& settings, const KeyNumbers& own, PacketRing& passed_on);

  void add(Lane& lane);
  void remove(Lane& lane);
  void drain(Lane& lane);  // keys
  // A packet from the address of relays that came out of the lane's cells.
  void handle_packet(Lane& lane, Instant now, Bytes packet);
  // After each train: packets that waited long enough for those before them, as many as are handed out with
  // one.
  void handle_time(Instant now);
  // Whether something waits for the packer's thread since it was asked last.
  bool poll_passed_on() { return std::exchange(has_passed_on_, false); }

 private:
  static RelayReceiverSide::Session& place_for(const Lane& lane, const RelayReceiveKey& key);
  void take_report(Lane& lane, Bytes packet);
  void pass_on(Lane& lane, const wire::RelayHeader& header, Bytes packet);
  void open(Lane& lane, const wire::RelayHeader& header, Instant now, Bytes packet);
  // How many of at most `most` packets of that source's had waited long enough.
  static int hand_out(Lane& source, Instant now, int most);
  Lane* lane_of(uint64_t number) const;

  const KeyNumbers& own_;
  PacketRing& passed_on_;
  relay::PacketPool pool_;
  std::vector<Lane*> lanes_;
  std::vector<uint8_t> opened_;
  size_t next_out_ = 0;  // in lanes_: whose packets go first after the next train
  bool has_passed_on_ = false;

  friend RelayNode;
};

class RelayNode {
 public:
  explicit RelayNode(const RelaySettings& settings);

  // What a link gets that begins, of one lane. The node outlives it.
  std::unique_ptr<RelayPost> make_post(std::string site, const SlotPlan& plan,
                                       const wire::CellFormat& format);

  RelayPacking& packing() { return packing_; }
  RelayReceiving& receiving() { return receiving_; }
  const RelaySettings& settings() const { return settings_; }
  // This node has another key from now on: it says so with its next reports. Its peers know the key already.
  void handle_own_key(const PublicKey& key) { own_.handle_keys(key); }
  uint64_t number() const { return own_.current(); }
  // At start-up: of the packer's thread, called by the receiver's.
  void set_wake_packer(std::function<void()> wake) { wake_packer_ = std::move(wake); }
  void wake_packer() const {
    if (wake_packer_) wake_packer_();
  }

 private:
  RelaySettings settings_;
  KeyNumbers own_;
  PacketRing passed_on_;
  RelayPacking packing_;
  RelayReceiving receiving_;
  std::function<void()> wake_packer_;
};

// Who may call itself so: the one of whose keys it is or will be, else the one of whose it was. Null: nobody.
Lane* lane_with_number(std::span<Lane* const> lanes, uint64_t number);

// How many bytes of packets a link carries in so long.
size_t data_bytes_in(const SlotPlan& plan, const wire::CellFormat& format, Duration duration);

}  // namespace cuttle
