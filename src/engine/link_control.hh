// What the handshakes' thread does with a link: runs the association with the peer, turns its events into
// keys for the lanes' threads, and what these report into calls of the association. Owns the lanes.
//
// What it decides, it decides by what had arrived, in the order of arrivals and ticks, so that neither how
// late this thread runs nor how late a receiver's does makes a difference to what leaves (association.hh says
// when). All of it comes by the first lane, whose receiver tells of arrivals in their order: what is told of,
// comes after all that it was not told of. A tick waits for kSettle, or for the first arrival behind it.
//
// One thread at a time; it talks to the lanes' others through their rings.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/aead.hh"
#include "engine/ladder_link.hh"
#include "engine/lane.hh"
#include "engine/outbox.hh"
#include "engine/static_sessions.hh"
#include "link/association.hh"
#include "link/calendar_watch.hh"
#include "link/key_numbers.hh"

namespace cuttle {

// Who wants to know of it, for logs; each may be empty.
struct LinkListener {
  // A lane's key was agreed: for cells that are received, or for those that are sent.
  std::function<void(bool is_received, Spi spi, const AeadKey& key)> key;
  std::function<void(uint64_t session)> session_used;
  std::function<void(std::string_view why)> session_ended;
};

// From a tick until the receiver has told of all that had arrived by then.
inline constexpr Duration kSettle = kReaction;

class LinkControl {
 public:
  LinkControl(AssociationConfig config, AeadBackend backend, Entropy entropy, LinkListener listener = {});

  // At start-up only. The lane's index is its place.
  void add_lane(std::unique_ptr<Lane> lane);
  // Called after a command for that lane's receiver.
  void set_receiver_wake_up(size_t lane, std::function<void()> wake_up);

  // At start-up only, of a link of one lane: its keys are these, and no others are ever agreed; handshakes
  // are ignored.
  void use_static_sessions(StaticSessions sessions) { static_sessions_.emplace(std::move(sessions)); }

  // Everything there is to do now. To be called when a lane's receiver had something for this thread, and
  // whenever poll_timeout() is over.
  void handle_handshakes(Instant now, uint64_t wall_clock_ns);
  Instant poll_timeout() const;

  // At start-up: the link's rate follows a calendar. `rates`: of the lanes' steps, in their order.
  void set_calendar(CalendarWatch watch, std::vector<uint64_t> rates);
  // At start-up, with all lanes: it follows the node's ladder (ladder_control.hh), of that fingerprint.
  // `ip_bytes`: of a cell. What follows is for whoever drives the ladder, and does nothing without it.
  void set_ladder(uint16_t fingerprint, std::vector<uint64_t> rates, size_t ip_bytes);
  bool has_ladder() const { return ladder_.has_value(); }
  std::optional<wire::LadderMessage> poll_ladder();
  bool poll_restored() { return std::exchange(found_restored_, false); }
  // To a peer that has the same ladder, by what it offered with the session.
  void send_ladder(const wire::LadderMessage& message);
  double poll_needed_bps(Duration since_last);
  CellsLost poll_lost();
  uint32_t told_step() const { return told_step_; }
  void change_step(const ChangeStep& change);
  // Whether that is a number of the peer's (key_numbers.hh).
  bool is_of_peer(uint64_t number) const { return peer_numbers_.contains(number); }
  // At start-up, of a link of one lane: its node relays (relay_node.hh).
  void set_relay(std::unique_ptr<RelayPost> relay);
  // What the lanes send at now, all together, and the next step of the calendar; nullopt where the rate is
  // always the same.
  struct Rate {
    uint64_t now_bps;
    std::optional<Calendar::Step> next;
    uint16_t fingerprint;  // of calendar or ladder
  };
  std::optional<Rate> rate(uint64_t wall_clock_ns) const;

  // Other keys from now on (association.hh).
  void handle_keys(const AssociationKeys& keys);
  // No key that was in memory is used again; `shown_at` as there (association.hh).
  void handle_restored(std::optional<Instant> shown_at = {});
  // The file has these renewed preshared keys now (preshared_ratchet.hh).
  void handle_preshared_kept(const RenewedKeys& kept) { association_.handle_preshared_kept(kept); }

  Lane& lane(size_t i) { return *lanes_[i]; }
  const Lane& lane(size_t i) const { return *lanes_[i]; }
  size_t lanes() const { return lanes_.size(); }
  const Association& association() const { return association_; }
  // Quiet when one lane is. With static keys, up: whether the peer, too, sends when it has nothing to say is
  // not known.
  Association::State state(Instant now) const {
    return static_sessions_ ? static_sessions_->state() : association_.state(now, heard_on_every_lane());
  }

 private:
  void handle_static(Instant now);
  void change_send_key(size_t lane, SendKey key, bool first);
  std::unique_ptr<Aead> make_relay_aead(const Secret<32>& secret) const;
  PeerTimes peer_times() const;
  void handle_event(const InstallReceive& event);
  void handle_event(const InstallSend& event);
  void handle_event(const ForgetBefore& event);
  void handle_event(const ForgetSession& event);
  void handle_event(const EndSending& event);
  void follow_calendar(Instant now, uint64_t wall_clock_ns);
  void tell_receiver(size_t lane, ReceiverCommand command);
  void tell_waiting();
  void hear();
  Instant next_arrival() const;
  void handle_next();
  void handle_ticks(Instant until);
  void drain();
  void wipe(Instant now);
  Instant heard_by(Instant at) const { return lanes_.front()->receiver.heard_by(at); }
  Instant heard_on_every_lane() const;  // on the lane that has been quiet longest: nothing is missing

  Association association_;
  KeyNumbers peer_numbers_;
  std::optional<StaticSessions> static_sessions_;
  AeadBackend backend_;
  Entropy entropy_;
  LinkListener listener_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::deque<Outbox<PacerCommand>> to_pacers_;  // one a lane, like the next two
  std::deque<Outbox<ReceiverCommand>> to_receivers_;
  struct ToRelay {
    explicit ToRelay(RelayPost& post) : packer(post.send_keys), receiver(post.receive_keys) {}
    Outbox<RelaySendKey> packer;
    Outbox<RelayReceiveKey> receiver;
  };
  std::optional<ToRelay> to_relay_;
  std::vector<std::function<void()>> receiver_wake_ups_;
  uint64_t wall_clock_ns_ = 0;  // in this round
  // Told of, and not handled yet.
  std::optional<Lane::Told> told_;
  std::optional<Instant> datagram_at_;
  Instant decided_{INT64_MIN};        // until then
  std::deque<ForgetBefore> to_wipe_;  // what has ended by now, or will, goes from memory
  std::optional<CalendarWatch> calendar_;
  std::vector<uint64_t> rates_;
  struct Ladder {
    uint16_t fingerprint;
    size_t ip_bytes;                     // of a cell
    std::vector<uint64_t> packed_bytes;  // by each lane until it was asked last
    CellsLost cells{};                   // of all lanes, likewise
  };
  std::optional<Ladder> ladder_;
  uint32_t told_step_ = 0;
  bool found_restored_ = false;
};

}  // namespace cuttle
