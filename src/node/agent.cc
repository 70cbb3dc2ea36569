#include "node/agent.hh"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include "config/units.hh"
#include "control/client.hh"
#include "io/realtime.hh"
#include "node/redirect.hh"
#include "node/running_agent.hh"

namespace cuttle {

namespace {

// How often the control thread looks at its timers: handshakes are retried and keys renewed on the clock.
constexpr Duration kTimerRound = milliseconds(50);
// How long it waits before it tries again to close the way to a peer that joins.
constexpr Duration kJoiningRetry = seconds(2);
// How long an agent may take to say that it is there.
constexpr Duration kPatience = seconds(3);

}  // namespace

// A peer that was still open has its link up: from now on through it or nowhere.
void RunningAgent::watch_joining(Instant now) {
  if (now < joining_next_) return;
  for (const auto& link : links_) {
    const size_t i = place_of(*link);
    const auto limit = config_.peers[i].joining_limit;
    const bool is_over = limit && now >= joining_since_ + *limit;
    if (!open_[i] || (!link->is_up(now) && !is_over)) continue;
    if (auto closed = machine_.link_is_up(i); closed) {
      open_[i] = false;
      spdlog::log(is_over ? spdlog::level::warn : spdlog::level::info,
                  "link {} {}: traffic to it goes through it from now on, or nowhere", link->peer().name,
                  is_over ? "has not been up within joining_limit" : "is up for the first time");
    } else {
      spdlog::error("link {}: its routes cannot be set: {}", link->peer().name, closed.error().message);
      joining_next_ = now + kJoiningRetry;
    }
  }
}

void RunningAgent::watch_machine(Instant now) {
  std::string trouble = machine_.handle_timeout(now);
  if (trouble == machine_trouble_) return;
  machine_trouble_ = std::move(trouble);
  spdlog::error("routes, rules and guard are not watched any more, and nothing can be reloaded: {}",
                machine_trouble_);
}

// What was set up stays as it is when nobody watches it any more, so the agent may go on; but what somebody
// takes away then stays away. Where somebody starts it again it ends, which is a short pause and mends that.
bool RunningAgent::ends_unwatched() const {
  return !machine_trouble_.empty() && (on_trial() || service_manager_.is_there());
}

void RunningAgent::write_draws(uint64_t wall_ns, Instant now) {
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

RunningAgent::End RunningAgent::run() {
  // Handshakes are due some milliseconds after what causes them, however busy the machine is.
  if (config_.realtime) (void)set_high_priority();
  spdlog::info("node {} is up: {} links, {}", config_.name, links_.size(), aead_backend_name(backend_));
  if (confirm_within_) {
    trial_ends_ = clock_.now() + *confirm_within_;
    spdlog::warn("on trial: `cuttle confirm` within {} keeps it, otherwise everything is taken back",
                 format_duration(*confirm_within_));
  }
  service_manager_.tell("READY=1");
  const auto watchdog_round = service_manager_.watchdog_interval();
  Instant watchdog_next = clock_.now();
  End end = End::asked;
  while (true) {
    std::vector<pollfd> waiting = control_sockets_.poll_fds();
    const size_t server_fds = waiting.size();
    waiting.push_back({wake_up_.fd(), POLLIN, 0});
    waiting.push_back({signals_.fd(), POLLIN, 0});
    waiting.push_back({restore_watch_.fd(), POLLIN, 0});
    ::poll(waiting.data(), waiting.size(), static_cast<int>(kTimerRound.ns / 1'000'000));
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
      end = End::not_confirmed;
      break;
    }
    const uint64_t wall = wall_clock_ns();
    for (const auto& link : links_) link->handle_control(now, wall);
    control_sockets_.handle_ready(now, std::span(waiting).first(server_fds));
    control_sockets_.handle_timeout(now);
    driver_->handle_timeout(now);
    queues_.handle_timeout(now, machine_);
    write_draws(wall, now);
    watch_machine(now);
    if (ends_unwatched()) {
      end = End::unwatched;
      break;
    }
    watch_joining(now);
    if (watchdog_round && now >= watchdog_next) {
      service_manager_.tell("WATCHDOG=1");
      watchdog_next = now + *watchdog_round;
    }
  }
  service_manager_.tell("STOPPING=1");
  return end;
}

Result<void> run_agent(LoadedConfig& loaded, Machine& machine, const AgentOptions& options) {
  auto agent = RunningAgent::start(loaded.config, *loaded.keys, machine, options);
  loaded.keys.reset();  // a key that is changed later must not live on here
  if (!agent) {
    if (auto undone = machine.take_back(); !undone) spdlog::error("{}", undone.error().message);
    return tl::unexpected(agent.error());
  }
  const RunningAgent::End end = (*agent)->run();
  const bool keep = !(*agent)->on_trial();
  agent->reset();  // its threads end before what they use is taken away
  if (!keep) {
    if (auto undone = machine.take_back(); !undone) {
      if (options.on_left_behind) options.on_left_behind();
      return undone;
    }
  }
  switch (end) {
    case RunningAgent::End::asked:
      return {};
    case RunningAgent::End::unwatched:
      return failure("ended, to be started again, because nobody watched routes and guard; they stay");
    case RunningAgent::End::not_confirmed:
      break;
  }
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
