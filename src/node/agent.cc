#include "node/agent.hh"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <array>
#include <functional>
#include <optional>

#include "config/shape_plan.hh"
#include "config/units.hh"
#include "control/client.hh"
#include "control/reload_report.hh"
#include "control/status.hh"
#include "io/cpu_latency.hh"
#include "io/limits.hh"
#include "io/privileges.hh"
#include "io/realtime.hh"
#include "io/signals.hh"
#include "node/assemble.hh"
#include "node/change_links.hh"
#include "node/control_sockets.hh"
#include "node/joining.hh"
#include "node/leftovers.hh"
#include "node/native_driver.hh"
#include "node/redirect.hh"
#include "node/redirect_watch.hh"
#include "node/restore_watch.hh"

namespace cuttle {

namespace {

// How often the control thread looks at its timers: handshakes are retried and keys renewed on the clock.
constexpr Duration kTick = milliseconds(50);
// How long it waits before it tries again to close the way to a peer that joins.
constexpr Duration kJoiningRetry = seconds(2);
// How long an agent may take to say that it is there.
constexpr Duration kPatience = seconds(3);

// CAP_NET_ADMIN stays for the guard's counters and for new links, CAP_SYS_NICE and CAP_IPC_LOCK for the
// threads about to start.
Result<void> give_away_privileges(std::optional<UserIds> user, const Driver& driver) {
  const std::array<std::string, 4> kept{"cap_net_admin", "cap_sys_nice", "cap_ipc_lock", "cap_bpf"};
  if (auto dropped = keep_only_capabilities(kept, user); !dropped) return dropped;
  return restrict_system_calls(driver.system_calls());
}

// Whom the agent becomes; nullopt: it stays who it is.
Result<std::optional<UserIds>> user_of(const NodeConfig& config) {
  if (config.user.empty()) return std::optional<UserIds>();
  auto user = find_user(config.user);
  if (!user) return failure("there is no user " + config.user);
  return user;
}

// How often systemd wants to hear that the control thread goes round: twice in WatchdogSec=. None: it does
// not.
std::optional<Duration> watchdog_interval() {
  uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) <= 0) return std::nullopt;
  return microseconds(static_cast<int64_t>(limit_us / 2));
}

class Agent {
 public:
  // `changed`: whether it came so far as to change the machine.
  static Result<std::unique_ptr<Agent>> start(const NodeConfig& config, const NodeKeys& keys,
                                              const AgentOptions& options, bool& changed);
  // False when nobody confirmed the trial in time.
  bool run();
  bool on_trial() const { return trial_ends_.has_value(); }
  // What it was started with, or reloaded since.
  const NodeConfig& config() const { return config_; }

 private:
  Agent(const NodeConfig& config, const NodeKeys& keys, Signals signals, WakeUp wake_up, Joining joining)
      : config_(config),
        keys_(keys),
        signals_(std::move(signals)),
        wake_up_(std::move(wake_up)),
        joining_(std::move(joining)),
        started_(clock_.now()) {}

  void hold_cpu_latency();
  Result<void> start_driver();
  void note_realtime(const std::string& why_not);
  Result<std::string> answer(const std::string& request);
  Result<std::string> confirm();
  Result<ReloadReport> reload();
  void handle_hangup();
  size_t place_of(const NodeLink& link) const;
  StatusSnapshot status();
  void watch_joining(Instant now);
  void write_draws(uint64_t wall_ns, Instant now);
  Result<void> close_joined(Instant now, size_t peer);
  Result<void> guard_joined(Instant now);

  NodeConfig config_;
  NodeKeys keys_;
  Signals signals_;
  WakeUp wake_up_;
  Joining joining_;
  MonotonicClock clock_;
  Instant started_;
  RedirectWatch redirect_watch_;
  RestoreWatch restore_watch_;
  Instant joining_next_{};
  Instant joining_since_ = clock_.now();  // or the last reload
  AeadBackend backend_ = best_aead_backend();
  std::string realtime_why_not_;
  std::optional<Duration> confirm_within_;
  std::optional<Instant> trial_ends_;
  std::function<void()> on_confirmed_;
  std::function<LoadedConfig()> load_;
  bool memory_locked_ = false;
  std::optional<CpuLatency> cpu_latency_;
  std::unique_ptr<KeyLog> key_log_;
  std::unique_ptr<DrawLog> draw_log_;
  std::vector<StrangerSocket> strangers_;
  std::vector<std::unique_ptr<NodeLink>> links_;
  ReleaseQueues queues_;
  std::unique_ptr<Driver> driver_;  // stops before links and queues go
  ControlSockets control_sockets_;
};

Result<std::unique_ptr<Agent>> Agent::start(const NodeConfig& config, const NodeKeys& keys,
                                            const AgentOptions& options, bool& changed) {
  raise_open_files();
  auto signals = Signals::block_and_watch();
  if (!signals) return tl::unexpected(signals.error());
  auto wake_up = WakeUp::create();
  if (!wake_up) return tl::unexpected(wake_up.error());
  auto joining = Joining::look(config);
  if (!joining) return tl::unexpected(joining.error());
  std::unique_ptr<Agent> agent(
      new Agent(config, keys, std::move(*signals), std::move(*wake_up), std::move(*joining)));
  agent->confirm_within_ = options.confirm_within;
  agent->on_confirmed_ = options.on_confirmed;
  agent->load_ = options.load;
  if (!options.debug_keys_file.empty()) {
    auto log = KeyLog::open(options.debug_keys_file);
    if (!log) return tl::unexpected(log.error());
    agent->key_log_ = std::move(*log);
    spdlog::warn("--debug-keys: everyone who can read {} can read all traffic", options.debug_keys_file);
  }
  if (!options.debug_draws_file.empty()) {
    auto log = DrawLog::open(options.debug_draws_file);
    if (!log) return tl::unexpected(log.error());
    agent->draw_log_ = std::move(*log);
    spdlog::warn("--debug-draws: who reads {} knows when cells were to leave", options.debug_draws_file);
  }
  // Is there an agent of this node already?
  auto sockets = ControlSockets::open(
      config, [self = agent.get()](const std::string& request) { return self->answer(request); });
  if (!sockets) return tl::unexpected(sockets.error());
  agent->control_sockets_ = std::move(*sockets);
  const auto locked = lock_memory();
  agent->memory_locked_ = locked.has_value();
  if (!locked) {
    if (config.realtime) agent->note_realtime(locked.error().message);
    spdlog::warn("keys may be written to swap: {}", locked.error().message);
  }
  agent->hold_cpu_latency();
  if (auto alone = check_alone(config); !alone) return tl::unexpected(alone.error());
  changed = true;
  if (auto closed = close_all(agent->joining_.routed()); !closed) return tl::unexpected(closed.error());
  // Before the sockets: a rule with another mark would lead their cells into the links.
  if (auto removed = remove_leftovers(agent->joining_.routed()); !removed) {
    return tl::unexpected(removed.error());
  }
  const auto user = user_of(config);
  if (!user) return tl::unexpected(user.error());
  const auto user_id = *user ? std::optional<uint32_t>((*user)->user) : std::nullopt;
  auto links = assemble_links({config, keys, agent->backend_, agent->key_log_.get(), user_id});
  if (!links) return tl::unexpected(links.error());
  agent->links_ = std::move(*links);
  for (const auto& link : agent->links_) {
    for (size_t i = 0; agent->draw_log_ != nullptr && i < link->lanes(); ++i) {
      link->lane(i).drawn = std::make_unique<DrawnReleases>(kDrawnReleasesWaiting);
    }
  }
  if (auto opened = open_strangers(config, agent->strangers_, user_id); !opened)
    return tl::unexpected(opened.error());
  if (auto opened = open_links(agent->joining_.routed()); !opened) return tl::unexpected(opened.error());
  if (auto queued = agent->queues_.set_up(config, agent->links_); !queued)
    return tl::unexpected(queued.error());
  if (const std::string why_not = agent->queues_.why_not(); !why_not.empty()) {
    spdlog::warn("no queue keeps time, so the agent's own thread does, less exactly: {}", why_not);
  }
  agent->driver_ =
      (options.make_driver ? options.make_driver : make_native_driver)(agent->config_, agent->wake_up_);
  if (const auto spared = spare_write_back(); !spared) {
    spdlog::warn("storage over the links may wait for itself when memory is short: {}",
                 spared.error().message);
  }
  agent->driver_->set_queues(agent->queues_);
  if (auto given = give_away_privileges(*user, *agent->driver_); !given) {
    return tl::unexpected(given.error());
  }
  if (auto started = agent->start_driver(); !started) return tl::unexpected(started.error());
  return agent;
}

void Agent::hold_cpu_latency() {
  if (!config_.cpu_latency) return;
  auto held = CpuLatency::hold(*config_.cpu_latency);
  if (held) {
    cpu_latency_ = std::move(*held);
  } else {
    spdlog::warn("runtime.cpu_latency is not kept, so releases are later: {}", held.error().message);
  }
}

Result<void> Agent::start_driver() {
  auto why_not = driver_->start(links_);
  if (!why_not) return tl::unexpected(why_not.error());
  note_realtime(*why_not);
  if (!config_.realtime) note_realtime("realtime = false in the configuration");
  return {};
}

void Agent::note_realtime(const std::string& why_not) {
  if (why_not.empty() || !realtime_why_not_.empty()) return;
  realtime_why_not_ = why_not;
  spdlog::warn("without real-time priority, releases will be late when the machine is busy: {}", why_not);
}

Result<std::string> Agent::answer(const std::string& request) {
  if (request == "status") return to_json(status());
  if (request == "confirm") return confirm();
  if (request == "reload") return reload().map([](const ReloadReport& report) { return to_json(report); });
  return failure("unknown request \"" + request + "\"; known: status, confirm, reload");
}

// What is wrong with the new configuration is in the report; the old one goes on then. An error: the
// configuration is good, but not everything that it asks for could be done.
Result<ReloadReport> Agent::reload() {
  if (on_trial()) return failure("the agent is on trial; `cuttle confirm` it before it is reloaded");
  if (!load_) return failure("this agent cannot be reloaded");
  LoadedConfig wanted = load_();
  if (wanted.good()) check_unchangeable(config_, wanted.config, wanted.lines, wanted.problems);
  ReloadReport report;
  report.problems = wanted.problem_lines();
  if (!wanted.good()) return report;
  std::vector<std::string> running;
  for (const auto& link : links_) running.push_back(link->peer().name);
  const LinkChanges changes = compare_links(config_, keys_, running, wanted.config, *wanted.keys);
  if (!changes.only_keys() && !driver_->takes_changes()) {
    report.problems.push_back(fmt::format(
        "{}: only keys can change while the driver \"{}\" runs; for another [[peer]], restart the agent",
        wanted.file, config_.driver));
    return report;
  }
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(clock_.now().ns / 1000));
  const InService in{config_, keys_, links_, strangers_, joining_, *driver_, backend_, key_log_.get()};
  const auto changed = change_links(in, wanted.config, *wanted.keys, changes);
  sd_notify(0, "READY=1");
  if (!changed) return tl::unexpected(changed.error());
  joining_since_ = clock_.now();
  report = report_of(changes, config_);
  report.problems = wanted.problem_lines();
  spdlog::info("reloaded: {}", to_text(report));
  return report;
}

void Agent::handle_hangup() {
  const auto report = reload();
  if (!report) {
    spdlog::error("SIGHUP: {}", report.error().message);
  } else if (!report->reloaded) {
    for (const std::string& line : report->problems) spdlog::error("{}", line);
    spdlog::error("SIGHUP: not reloaded; what ran before goes on");
  }
}

// In the configuration, and so in joining_.
size_t Agent::place_of(const NodeLink& link) const {
  const auto found = std::find_if(config_.peers.begin(), config_.peers.end(),
                                  [&](const PeerConfig& peer) { return peer.name == link.peer().name; });
  CUTTLE_CHECK(found != config_.peers.end(), "a link belongs to a peer");
  return static_cast<size_t>(found - config_.peers.begin());
}

Result<std::string> Agent::confirm() {
  if (!trial_ends_) return failure("nothing waits to be confirmed: the agent is not on trial");
  trial_ends_.reset();
  if (on_confirmed_) on_confirmed_();
  spdlog::info("confirmed: what was set up stays");
  return std::string(R"({"confirmed":true})");
}

StatusSnapshot Agent::status() {
  const Instant now = clock_.now();
  StatusSnapshot snapshot;
  snapshot.node = config_.name;
  snapshot.version = CUTTLE_VERSION;
  snapshot.uptime_s = static_cast<uint64_t>((now - started_).ns / 1'000'000'000);
  snapshot.driver = config_.driver;
  snapshot.backend = aead_backend_name(backend_);
  snapshot.realtime = realtime_why_not_.empty();
  snapshot.realtime_why_not = realtime_why_not_;
  snapshot.memory_locked = memory_locked_;
  snapshot.queue_why_not = queues_.why_not();
  snapshot.guard = guard_status().value_or(GuardStatus{});
  for (const StrangerSocket& stranger : strangers_) snapshot.guard.strangers_dropped += stranger.dropped();
  for (const auto& link : links_) {
    snapshot.links.push_back(link->status(now));
    snapshot.links.back().open = joining_.is_open(place_of(*link));
  }
  return snapshot;
}

// A peer that was still open has its link up: from now on through it or nowhere.
void Agent::watch_joining(Instant now) {
  if (now < joining_next_) return;
  for (const auto& link : links_) {
    const size_t i = place_of(*link);
    const auto limit = config_.peers[i].joining_limit;
    const bool is_over = limit && now >= joining_since_ + *limit;
    if (!joining_.is_open(i) || (!link->is_up(now) && !is_over)) continue;
    if (auto closed = close_joined(now, i); closed) {
      spdlog::log(is_over ? spdlog::level::warn : spdlog::level::info,
                  "link {} {}: traffic to it goes through it from now on, or nowhere", link->peer().name,
                  is_over ? "has not been up within joining_limit" : "is up for the first time");
    } else {
      spdlog::error("link {}: its routes cannot be set: {}", link->peer().name, closed.error().message);
      joining_next_ = now + kJoiningRetry;
    }
  }
  if (!joining_.guard_is_due(now)) return;
  if (auto guarded = guard_joined(now); !guarded) {
    spdlog::error("the guard cannot be renewed: {}", guarded.error().message);
    joining_next_ = now + kJoiningRetry;
  }
}

Result<void> Agent::close_joined(Instant now, size_t peer) {
  Joining next = joining_;
  next.handle_up(now, peer);
  const NodeConfig& routed = next.routed();
  if (auto opened = open_link(routed, routed.peers[peer]); !opened) return opened;
  if (auto closed = close_routes(routed); !closed) return closed;
  joining_ = std::move(next);
  return {};
}

Result<void> Agent::guard_joined(Instant now) {
  Joining next = joining_;
  next.handle_timeout(now);
  if (auto guarded = restore_guard(next.guarded()); !guarded) return guarded;
  joining_ = std::move(next);
  return {};
}

void Agent::write_draws(uint64_t wall_ns, Instant now) {
  if (draw_log_ == nullptr) return;
  for (const auto& link : links_) {
    for (size_t i = 0; i < link->lanes(); ++i) {
      if (DrawnReleases* drawn = link->lane(i).drawn.get()) {
        draw_log_->write(fmt::format("{} -> {}", config_.name, link->peer().name), *drawn,
                         static_cast<int64_t>(wall_ns) - now.ns);
      }
    }
  }
}

bool Agent::run() {
  // Handshakes are due some milliseconds after what causes them, however busy the machine is.
  if (config_.realtime) (void)set_high_priority();
  spdlog::info("node {} is up: {} links, {}", config_.name, links_.size(), aead_backend_name(backend_));
  if (confirm_within_) {
    trial_ends_ = clock_.now() + *confirm_within_;
    spdlog::warn("on trial: `cuttle confirm` within {} keeps it, otherwise everything is taken back",
                 format_duration(*confirm_within_));
  }
  sd_notify(0, "READY=1");
  const auto watchdog_round = watchdog_interval();
  Instant watchdog_next = clock_.now();
  bool in_time = true;
  while (true) {
    std::vector<pollfd> waiting = control_sockets_.poll_fds();
    const size_t server_fds = waiting.size();
    waiting.push_back({wake_up_.fd(), POLLIN, 0});
    waiting.push_back({signals_.fd(), POLLIN, 0});
    waiting.push_back({restore_watch_.fd(), POLLIN, 0});
    ::poll(waiting.data(), waiting.size(), static_cast<int>(kTick.ns / 1'000'000));
    const auto signal = signals_.take();
    if (signal == "SIGHUP") {
      handle_hangup();
    } else if (signal) {
      spdlog::info("{}: stopping; {}", *signal,
                   on_trial() ? "not confirmed, so everything is taken back"
                              : "routes and guard stay, so traffic to the peers waits (cuttle down removes "
                                "them)");
      break;
    }
    if (const auto restored = restore_watch_.handle_timeout()) {
      spdlog::warn("{}: all links agree on new keys", *restored);
      for (const auto& link : links_) link->handle_restored();
    }
    wake_up_.clear();
    const Instant now = clock_.now();
    if (trial_ends_ && now >= *trial_ends_) {
      in_time = false;
      break;
    }
    const uint64_t wall = wall_clock_ns();
    for (const auto& link : links_) link->handle_control(now, wall);
    control_sockets_.handle_ready(now, std::span(waiting).first(server_fds));
    control_sockets_.handle_timeout(now);
    driver_->handle_timeout(now);
    queues_.handle_timeout(now);
    write_draws(wall, now);
    redirect_watch_.handle_timeout(now, joining_.routed(), joining_.guarded());
    watch_joining(now);
    if (watchdog_round && now >= watchdog_next) {
      sd_notify(0, "WATCHDOG=1");
      watchdog_next = now + *watchdog_round;
    }
  }
  sd_notify(0, "STOPPING=1");
  return in_time;
}

}  // namespace

Result<void> run_agent(LoadedConfig& loaded, const AgentOptions& options) {
  const NodeConfig& config = loaded.config;
  // What an earlier run left closed stays closed, whatever goes wrong now. So does what another agent holds:
  // a start that finds one fails before it changes anything, and has nothing to undo.
  const bool was_closed = is_closed(config);
  bool changed = false;
  auto agent = Agent::start(config, *loaded.keys, options, changed);
  loaded.keys.reset();  // a key that is changed later must not live on here
  if (!agent) {
    if (changed && !was_closed) {
      if (auto undone = remove_redirect(config); !undone) spdlog::error("{}", undone.error().message);
    }
    return tl::unexpected(agent.error());
  }
  const bool in_time = (*agent)->run();
  const bool keep = !(*agent)->on_trial();
  const NodeConfig last = (*agent)->config();
  agent->reset();  // its threads end before what they use is taken away
  if (keep) return {};
  if (auto undone = remove_redirect(last); !undone) return undone;
  if (in_time) return {};
  return failure(fmt::format("nobody confirmed within {}: everything is taken back",
                             format_duration(*options.confirm_within)));
}

Result<void> take_down(const NodeConfig& config) {
  // Taken down under it, an agent would go on sending cells and put its guard back. One that is just ending
  // does not answer either, but then is not there any more; one that is only slow is.
  const auto answer = ask_agent(config.control_socket, "status", kPatience);
  if (!answer) {
    const auto there = agent_is_there(config.control_socket);
    if (!there) return tl::unexpected(there.error());
    if (!*there) return remove_redirect(config);
  }
  return failure(fmt::format("the agent of node {} is running ({}{}); stop it first", config.name,
                             config.control_socket, answer ? "" : ", though it does not answer"));
}

}  // namespace cuttle
