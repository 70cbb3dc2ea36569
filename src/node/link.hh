// One link of an agent: what the engine does with it (engine/link_control.hh), with the peer's name for logs
// and status.
//
// Two threads: that of the handshakes (handshake_loop.hh), which calls handle_handshakes() and
// poll_timeout(), and the control thread, which calls the rest. What both touch is under `mutex_`, held for
// one step of the engine, which may take some key agreements; nobody waits for anything else under it. What
// is set at start-up is before the link has two threads.
#pragma once

#include <memory>
#include <mutex>

#include "config/config.hh"
#include "control/status.hh"
#include "engine/ladder_link.hh"
#include "engine/link_control.hh"
#include "node/key_log.hh"

namespace cuttle {

class NodeLink final : public LadderLink {
 public:
  // `key_log` may be null.
  NodeLink(PeerConfig peer, IpAddress own_address, AssociationConfig association, AeadBackend backend,
           KeyLog* key_log);

  // At start-up only.
  void add_lane(std::unique_ptr<Lane> lane) { link_.add_lane(std::move(lane)); }
  // Of a link of one lane (engine/static_sessions.hh).
  void use_static_sessions(StaticSessions sessions) { link_.use_static_sessions(std::move(sessions)); }
  void set_receiver_wake_up(size_t lane, std::function<void()> wake_up) {
    link_.set_receiver_wake_up(lane, std::move(wake_up));
  }

  // At start-up: its rate follows a calendar (link_control.hh).
  void set_calendar(CalendarWatch watch, std::vector<uint64_t> rates_bps) {
    link_.set_calendar(std::move(watch), std::move(rates_bps));
  }

  // At start-up: it follows the node's ladder (link_control.hh).
  void set_ladder(uint16_t fingerprint, std::vector<uint64_t> rates_bps, size_t ip_bytes) {
    link_.set_ladder(fingerprint, std::move(rates_bps), ip_bytes);
  }
  bool has_ladder() const { return link_.has_ladder(); }
  // At start-up: the node relays.
  void set_relay(std::unique_ptr<RelayPost> relay) { link_.set_relay(std::move(relay)); }
  // That no ladder could take in, or whose ring was full. Either thread.
  uint64_t ladder_messages_dropped() const;
  // --- LadderLink: the handshakes' thread
  std::optional<wire::LadderMessage> poll_ladder() override;
  bool is_of_peer(uint64_t number) const override;
  bool poll_restored() override;
  void send_ladder(const wire::LadderMessage& message) override;
  double poll_needed_bps(Duration since_last) override;
  CellsLost poll_lost() override;
  uint32_t told_step() const override;
  void change_step(const ChangeStep& change) override;

  // Everything there is to do now. To be called when a lane woke that thread, and whenever poll_timeout() is
  // over.
  void handle_handshakes(Instant now, uint64_t wall_clock_ns);
  Instant poll_timeout() const;

  // Other keys from now on (association.hh); what else the peer's configuration says is as it was. What
  // follows from it comes with the next handle_handshakes().
  void handle_keys(const AssociationKeys& keys);
  // Of the preshared keys that the link renews: what the file does not have yet, and that it has it now.
  std::optional<RenewedKeys> poll_unkept_preshared() const;
  void handle_preshared_kept(const RenewedKeys& kept);
  // No key that was in memory is used again (association.hh). Either thread.
  void handle_restored();

  const PeerConfig& peer() const { return peer_; }
  Lane& lane(size_t i) { return link_.lane(i); }
  size_t lanes() const { return link_.lanes(); }

  // Authentic cells come, and ours can be read there.
  bool is_up(Instant now) const;
  LinkStatus status(Instant now) const;

 private:
  LinkListener listener(KeyLog* key_log) const;
  void log_state(Instant now);
  void log_preshared();
  void describe_sessions(LinkStatus& status, Instant now) const;

  const PeerConfig peer_;
  const IpAddress own_address_;
  mutable std::mutex mutex_;
  LinkControl link_;  // these two under mutex_, but for the lanes, which their own threads share
  Association::State logged_state_ = Association::State::connecting;
  uint64_t logged_lost_ = 0;  // preshared keys
};

// Of a peer that has no link, because it could not be had: kNoLink.
LinkStatus status_without_link(const PeerConfig& peer);

}  // namespace cuttle
