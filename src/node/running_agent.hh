// The agent while it runs: what is behind run_agent() (agent.hh). agent_start.cc sets it up,
// agent_requests.cc answers the control socket, agent.cc goes round. All of it is the control thread's, which
// may have to wait for the helper; what may not wait for that is in handshake_loop.hh.
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hh"
#include "config/key_files.hh"
#include "control/reload_report.hh"
#include "control/status.hh"
#include "io/clock.hh"
#include "io/event_queue.hh"
#include "io/service_manager.hh"
#include "io/signals.hh"
#include "node/agent.hh"
#include "node/control_sockets.hh"
#include "node/draw_log.hh"
#include "node/driver.hh"
#include "node/handshake_loop.hh"
#include "node/joining_since.hh"
#include "node/key_log.hh"
#include "node/link.hh"
#include "node/machine.hh"
#include "node/node_ladder.hh"
#include "node/preshared_file.hh"
#include "node/release_queues.hh"
#include "node/restore_watch.hh"
#include "node/seal_cost.hh"
#include "node/static_keys.hh"

namespace cuttle {

class RunningAgent {
 public:
  // `machine` has read `config`, and outlives the agent.
  static Result<std::unique_ptr<RunningAgent>> start(const NodeConfig& config, const NodeKeys& keys,
                                                     Machine& machine, const AgentOptions& options);
  // Why it ended: a signal asked for it; nobody confirmed the trial in time; nobody watches the machine any
  // more, and somebody will start it again.
  enum class End { asked, not_confirmed, unwatched };
  End run();
  bool on_trial() const { return trial_ends_.has_value(); }

 private:
  RunningAgent(const NodeConfig& config, const NodeKeys& keys, Machine& machine, Signals signals,
               WakeUp wake_up)
      : config_(config),
        keys_(keys),
        machine_(machine),
        service_manager_(ServiceManager::find()),
        signals_(std::move(signals)),
        wake_up_(std::move(wake_up)),
        started_(clock_.now()),
        joining_since_(config_, started_) {}

  Result<void> open_control(const AgentOptions& options);
  void open_preshared_file();
  Result<void> set_up();
  Result<void> set_up_queues();
  Result<void> start_driver();
  void note_realtime(const std::string& why_not);

  Result<std::string> answer(const std::string& request);
  Result<std::string> confirm();
  Result<ReloadReport> reload();
  Result<ReloadReport> change_to(const LoadedConfig& wanted);
  void handle_hangup();
  size_t place_of(const NodeLink& link) const;
  const NodeLink* link_with(const PeerConfig& peer) const;  // null: it could not be had
  StatusSnapshot status();

  void wait_for(std::vector<pollfd>& descriptors) const;
  // To the service manager's watchdog: when that is due, and before any step that may take long.
  void tell_alive();
  void watch_joining(Instant now);
  void watch_machine(Instant now);
  void retry_links(Instant now);
  bool ends_unwatched() const;
  void write_draws(uint64_t wall_ns, Instant now);
  void keep_preshared(Instant now, uint64_t wall_clock_ns);
  void note_preshared_trouble(std::string trouble);

  NodeConfig config_;
  NodeKeys keys_;
  Machine& machine_;
  ServiceManager service_manager_;
  Instant tell_alive_next_{};
  bool handshakes_hang_ = false;  // already said
  Signals signals_;
  WakeUp wake_up_;  // of the handshakes' thread
  MonotonicClock clock_;
  Instant started_;
  OpenPeers open_;  // by place in config_
  Instant joining_next_{};
  Instant retry_next_{};
  JoiningSince joining_since_;
  RestoreWatch restore_watch_;  // the handshakes' thread's
  std::string machine_trouble_;
  AeadBackend backend_ = best_aead_backend();
  SealCost sealing_ = SealCost::measure(backend_);
  std::string realtime_why_not_;
  std::optional<Duration> confirm_within_;
  std::optional<Instant> trial_ends_;
  std::function<void()> on_confirmed_;
  bool memory_locked_ = false;
  std::unique_ptr<KeyLog> key_log_;
  std::optional<StaticKeys> static_keys_;
  std::optional<PresharedFile> preshared_file_;
  std::string preshared_trouble_;
  Instant keep_preshared_next_{};
  std::unique_ptr<DrawLog> draw_log_;
  uint64_t draws_lost_ = 0;             // already said
  std::unique_ptr<NodeLadder> ladder_;  // null: the configuration has none
  std::unique_ptr<RelayNode> relay_;    // the same; outlives the links
  std::vector<UnknownSourceSocket> unknown_sources_;
  std::vector<std::unique_ptr<NodeLink>> links_;
  ReleaseQueues queues_;
  std::unique_ptr<Driver> driver_;             // stops before links and queues go
  std::unique_ptr<HandshakeLoop> handshakes_;  // and this before the driver
  ControlSockets control_sockets_;
};

}  // namespace cuttle
