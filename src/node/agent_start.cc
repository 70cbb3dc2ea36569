// From a configuration to an agent that runs: in the order that leaves no way open meanwhile.
#include <spdlog/spdlog.h>

#include "io/limits.hh"
#include "io/realtime.hh"
#include "node/assemble.hh"
#include "node/confinement.hh"
#include "node/native_driver.hh"
#include "node/running_agent.hh"

namespace cuttle {

Result<std::unique_ptr<RunningAgent>> RunningAgent::start(const NodeConfig& config, const NodeKeys& keys,
                                                          Machine& machine, const AgentOptions& options) {
  raise_open_files();
  auto signals = Signals::block_and_watch();
  if (!signals) return tl::unexpected(signals.error());
  auto wake_up = WakeUp::create();
  if (!wake_up) return tl::unexpected(wake_up.error());
  std::unique_ptr<RunningAgent> agent(
      new RunningAgent(config, keys, machine, std::move(*signals), std::move(*wake_up)));
  if (auto opened = agent->open_control(options); !opened) return tl::unexpected(opened.error());
  if (auto set = agent->set_up(); !set) return tl::unexpected(set.error());
  agent->driver_ =
      (options.make_driver ? options.make_driver : make_native_driver)(agent->config_, agent->wake_up_);
  agent->driver_->set_queues(agent->queues_);
  if (agent->relay_ != nullptr) agent->driver_->set_relay(*agent->relay_);
  auto handshakes = HandshakeLoop::create(agent->wake_up_, agent->restore_watch_, *agent->driver_);
  if (!handshakes) return tl::unexpected(handshakes.error());
  agent->handshakes_ = std::move(*handshakes);
  if (agent->ladder_ != nullptr) agent->handshakes_->set_ladder(*agent->ladder_);
  if (const auto spared = spare_write_back(); !spared) {
    spdlog::warn("storage over the links may wait for itself when memory is short: {}",
                 spared.error().message);
  }
  if (auto confined = confine_agent(config.user, agent->driver_->system_calls()); !confined) {
    return tl::unexpected(confined.error());
  }
  // The helper, too, before the first datagram is read.
  if (auto confined = machine.confine(); !confined) return tl::unexpected(confined.error());
  if (auto started = agent->start_driver(); !started) return tl::unexpected(started.error());
  if (auto settled = machine.settle(); !settled) return tl::unexpected(settled.error());
  return agent;
}

// What belongs to the agent alone, before the machine is touched.
Result<void> RunningAgent::open_control(const AgentOptions& options) {
  confirm_within_ = options.confirm_within;
  on_confirmed_ = options.on_confirmed;
  if (!options.debug_keys_file.empty()) {
    auto log = KeyLog::open(options.debug_keys_file);
    if (!log) return tl::unexpected(log.error());
    key_log_ = std::move(*log);
    spdlog::warn("--debug-keys: everyone who can read {} can read all traffic", options.debug_keys_file);
  }
  if (!options.debug_static_keys_file.empty()) {
    auto keys = StaticKeys::take(options.debug_static_keys_file, config_);
    if (!keys) return tl::unexpected(keys.error());
    static_keys_ = std::move(*keys);
    spdlog::warn(
        "--debug-static-keys: the links of {} have keys that somebody wrote down, who can read all their "
        "traffic",
        options.debug_static_keys_file);
  }
  if (!options.debug_draws_file.empty()) {
    auto log = DrawLog::open(options.debug_draws_file);
    if (!log) return tl::unexpected(log.error());
    draw_log_ = std::move(*log);
    spdlog::warn("--debug-draws: who reads {} knows when cells were to leave", options.debug_draws_file);
  }
  // Is there an agent of this node already?
  auto sockets =
      ControlSockets::open(config_, [this](const std::string& request) { return answer(request); });
  if (!sockets) return tl::unexpected(sockets.error());
  control_sockets_ = std::move(*sockets);
  open_preshared_file();
  if (config_.shape.ladder) {
    ladder_ = NodeLadder::open(config_, keys_.private_key.public_key(), wall_clock_ns());
  }
  if (config_.relay) {
    relay_ = std::make_unique<RelayNode>(RelaySettings{.own_key = keys_.private_key.public_key(),
                                                       .share_percent = config_.relay->share_percent,
                                                       .site = config_.relay->site,
                                                       .inner_mtu = config_.inner_mtu});
  }
  const auto locked = lock_memory();
  memory_locked_ = locked.has_value();
  if (!locked) {
    if (config_.realtime) note_realtime(locked.error().message);
    spdlog::warn("keys may be written to swap: {}", locked.error().message);
  }
  return {};
}

// Without it the configured keys are used alone, and peers keep what was agreed with them until it is back.
void RunningAgent::open_preshared_file() {
  if (!config_.renew_preshared) return;
  auto file = PresharedFile::open(config_.renewed_file);
  if (!file) return note_preshared_trouble(file.error().message);
  if (file->was_damaged()) {
    spdlog::warn("{}: not what an agent wrote; what was agreed is lost, and agreed anew",
                 config_.renewed_file);
  }
  preshared_file_ = std::move(*file);
}

Result<void> RunningAgent::set_up() {
  auto closed = machine_.close_all();
  if (!closed) return tl::unexpected(closed.error());
  open_ = std::move(*closed);
  auto unknown_sources = machine_.open_unknown_sources(0);
  if (!unknown_sources) return tl::unexpected(unknown_sources.error());
  unknown_sources_ = std::move(*unknown_sources);
  auto links = assemble_links(
      {config_, keys_, backend_, sealing_, key_log_.get(), static_keys_ ? &*static_keys_ : nullptr,
       preshared_file_ ? &*preshared_file_ : nullptr, unknown_sources_.size(), ladder_.get(), relay_.get()},
      [&](size_t peer) { return machine_.open_lanes(peer); });
  if (!links) return tl::unexpected(links.error());
  links_ = std::move(*links);
  for (const auto& link : links_) {
    for (size_t i = 0; draw_log_ != nullptr && i < link->lanes(); ++i) {
      link->lane(i).drawn = std::make_unique<DrawnReleases>(kDrawnReleasesWaiting);
    }
  }
  // A peer that was left out has none.
  for (auto link = links_.begin(); link != links_.end();) {
    const size_t i = place_of(**link);
    const auto opened = machine_.open_link(i);
    if (!opened && !config_.is_of_mesh(config_.peers[i])) return opened;
    if (!opened) note_left_out(config_.peers[i], opened.error());
    link = opened ? link + 1 : links_.erase(link);
  }
  return set_up_queues();
}

Result<void> RunningAgent::set_up_queues() {
  auto queues = machine_.set_up_queues();
  if (!queues) return tl::unexpected(queues.error());
  queues_.adopt(std::move(*queues), config_.lead);
  if (const std::string why_not = queues_.why_not(); !why_not.empty()) {
    spdlog::warn("no queue keeps time, so the agent's own thread does, less exactly: {}", why_not);
  }
  return {};
}

Result<void> RunningAgent::start_driver() {
  auto why_not = driver_->start(links_);
  if (!why_not) return tl::unexpected(why_not.error());
  note_realtime(*why_not);
  if (!config_.realtime) note_realtime("realtime = false in the configuration");
  std::vector<NodeLink*> served;
  for (const auto& link : links_) served.push_back(link.get());
  handshakes_->add(served, handshakes_->restores());
  return {};
}

void RunningAgent::note_realtime(const std::string& why_not) {
  if (why_not.empty() || !realtime_why_not_.empty()) return;
  realtime_why_not_ = why_not;
  spdlog::warn("without real-time priority, releases will be late when the machine is busy: {}", why_not);
}

}  // namespace cuttle
