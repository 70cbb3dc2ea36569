// One link as the control thread sees it: the association with the peer, and the lanes that carry the cells.
// Turns the association's events into keys for the lanes' threads, and what these report into calls of the
// association.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hh"
#include "control/status.hh"
#include "io/event_queue.hh"
#include "link/association.hh"
#include "node/key_log.hh"
#include "node/lane.hh"
#include "node/outbox.hh"

namespace cuttle {

class NodeLink {
 public:
  // `receiver_wake_ups` has one entry a lane, called after a command for its receiver's thread. `key_log` may
  // be null.
  NodeLink(PeerConfig peer, IpAddress own_address, AssociationConfig association, AeadBackend backend,
           KeyLog* key_log);

  // At start-up only.
  void add_lane(std::unique_ptr<Lane> lane);
  void set_receiver_wake_up(size_t lane, std::function<void()> wake_up);

  // Everything there is to do now. To be called when a lane woke the control thread, and whenever
  // poll_timeout() is over.
  void handle_control(Instant now, uint64_t wall_clock_ns);
  Instant poll_timeout() const { return association_.poll_timeout(); }

  // Other keys from now on (association.hh); what else the peer's configuration says is as it was.
  void handle_keys(const AssociationKeys& keys);

  // No key that was in memory is used again (association.hh).
  void handle_restored();

  const PeerConfig& peer() const { return peer_; }
  Lane& lane(size_t i) { return *lanes_[i]; }
  size_t lanes() const { return lanes_.size(); }

  // Authentic cells come, and ours can be read there.
  bool is_up(Instant now) const;
  LinkStatus status(Instant now) const;

 private:
  void handle_event(const InstallReceive& event);
  void handle_event(const InstallSend& event);
  void handle_event(const ForgetBefore& event);
  void handle_event(const EndSending& event);
  void tell_receiver(size_t lane, ReceiverCommand command);
  void handle_lanes();
  void confirm(const Lane& lane);
  void send_handshake();
  Instant last_authentic() const;       // on any lane: the peer lives
  Instant heard_on_every_lane() const;  // on the lane that has been quiet longest: nothing is missing
  void log_state(Instant now);

  PeerConfig peer_;
  IpAddress own_address_;
  Association association_;
  AeadBackend backend_;
  KeyLog* key_log_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::deque<Outbox<PacerCommand>> to_pacers_;  // one a lane, like the next two
  std::deque<Outbox<ReceiverCommand>> to_receivers_;
  std::vector<std::function<void()>> receiver_wake_ups_;
  uint64_t confirmed_session_ = 0;
  Association::State logged_state_ = Association::State::connecting;
};

}  // namespace cuttle
