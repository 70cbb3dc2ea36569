// A machine that changes nothing, and aborts when it is asked for a step that does not come next, or for a
// peer that the configuration does not have: what a real one relies on (machine.hh).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/check.hh"
#include "node/machine.hh"

namespace cuttle {

class MachineDouble final : public Machine {
 public:
  // Before each step: whether it works. Empty: it does.
  std::function<bool()> works = {};
  // What read_configuration() finds from now on: so many peers.
  size_t peers_in_file = 1;
  bool on_trial = false;

  bool is_settled() const { return settled_; }
  bool is_taken_back() const { return taken_back_; }
  size_t openings() const { return openings_; }  // lanes and links

  LoadedConfig read_configuration() override {
    CUTTLE_CHECK(!changing_, "no reading while something changes");
    LoadedConfig loaded;
    loaded.file = "node.toml";
    wanted_.reset();
    if (!succeeds()) {
      loaded.problems.add(1, "cannot be read");
      return loaded;
    }
    loaded.config.peers.resize(peers_in_file);
    loaded.keys = NodeKeys{PrivateKey::from_random(std::array<uint8_t, kKeySize>{}), {}};
    loaded.keys->preshared.resize(peers_in_file, PresharedKey::from_random(std::array<uint8_t, kKeySize>{}));
    wanted_ = peers_in_file;
    return loaded;
  }
  Result<OpenPeers> close_all() override {
    CUTTLE_CHECK(wanted_ && !in_force_, "closed once, for what was read");
    in_force_ = wanted_;
    if (!succeeds()) return failure("cannot close");
    closed_ = true;
    return OpenPeers(*in_force_, false);
  }
  Result<std::vector<LaneDoor>> open_lanes(size_t peer) override {
    check_peer(peer);
    CUTTLE_CHECK(!confined_ || changing_, "what a start opens, it opens before it gives privileges away");
    ++openings_;
    if (!succeeds()) return failure("cannot open");
    return std::vector<LaneDoor>();
  }
  Result<std::vector<UnknownSourceSocket>> open_unknown_sources(size_t /*already*/) override {
    CUTTLE_CHECK(in_force_, "sockets of a configuration");
    if (!succeeds()) return failure("cannot open");
    return std::vector<UnknownSourceSocket>();
  }
  Result<void> open_link(size_t peer) override {
    check_peer(peer);
    CUTTLE_CHECK(!changing_ || withdrawn_, "a change closes before it opens");
    ++openings_;
    return done();
  }
  Result<QueueDoors> set_up_queues() override {
    CUTTLE_CHECK(closed_ && !settled_ && !has_queues_, "queues are set up once, at the start");
    if (!succeeds()) return failure("cannot set up");
    has_queues_ = true;
    return QueueDoors();
  }
  Result<void> confine() override {
    CUTTLE_CHECK(closed_ && !settled_ && !confined_, "privileges are given away once");
    if (!succeeds()) return failure("cannot give privileges away");
    confined_ = true;
    return {};
  }
  Result<void> settle() override {
    CUTTLE_CHECK(closed_ && confined_ && !settled_, "a start ends once, without the privileges that it took");
    if (!succeeds()) return failure("cannot settle");
    settled_ = true;
    return {};
  }
  Result<void> begin_change() override {
    CUTTLE_CHECK(settled_ && wanted_ && !changing_, "one change at a time, to what was read");
    if (!succeeds()) return failure("cannot look");
    changing_ = true;
    closed_ = withdrawn_ = false;
    return {};
  }
  Result<void> close_wanted() override {
    CUTTLE_CHECK(changing_ && !closed_, "closed once");
    if (!succeeds()) return failure("cannot close");
    closed_ = true;
    return {};
  }
  Result<void> abandon_change() override {
    CUTTLE_CHECK(changing_ && !withdrawn_, "what is withdrawn does not come back");
    changing_ = false;
    closed_ = true;
    return done();
  }
  Result<void> withdraw() override {
    CUTTLE_CHECK(changing_ && closed_ && !withdrawn_, "what comes is closed before what was is taken away");
    withdrawn_ = true;
    return done();
  }
  Result<OpenPeers> finish_change() override {
    CUTTLE_CHECK(changing_ && withdrawn_, "a change comes to its end");
    changing_ = false;
    in_force_ = wanted_;
    return OpenPeers(*in_force_, false);
  }
  Result<void> link_is_up(size_t peer) override {
    check_peer(peer);
    return done();
  }
  Result<GuardStatus> guard_status() override {
    if (!succeeds()) return failure("the guard is gone");
    return GuardStatus{1, 2, 0};
  }
  Result<std::vector<QueueLook>> look_at_queues() override {
    CUTTLE_CHECK(settled_ && !changing_, "queues of a node that runs");
    if (!succeeds()) return failure("cannot look");
    return std::vector<QueueLook>();
  }
  Result<void> confirm() override {
    CUTTLE_CHECK(settled_, "a trial begins when the start is over");
    on_trial = false;
    return {};
  }
  Result<void> handle_end() override {
    CUTTLE_CHECK(settled_, "sockets of an agent that ran");
    return done();
  }
  Result<void> take_back() override {
    CUTTLE_CHECK(in_force_, "there is something to take back");
    if (settled_ && !on_trial) return failure("what a running node set up stays");
    taken_back_ = true;
    return {};
  }
  std::string handle_timeout(Instant /*now*/) override { return {}; }

 private:
  bool succeeds() {
    CUTTLE_CHECK(!taken_back_, "nothing is done after all was taken back");
    return !works || works();
  }
  Result<void> done() {
    if (!succeeds()) return failure("that cannot be done");
    return {};
  }
  void check_peer(size_t peer) const {
    const auto& peers = changing_ ? wanted_ : in_force_;
    CUTTLE_CHECK(peers && peer < *peers, "the configuration has that peer");
  }

  std::optional<size_t> wanted_;  // peers
  std::optional<size_t> in_force_;
  bool closed_ = false;
  bool has_queues_ = false;
  bool confined_ = false;
  bool settled_ = false;
  bool changing_ = false;
  bool withdrawn_ = false;
  bool taken_back_ = false;
  size_t openings_ = 0;
};

}  // namespace cuttle
