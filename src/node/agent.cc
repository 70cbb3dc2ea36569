#include "node/agent.hh"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/units.hh"
#include "control/client.hh"
#include "io/realtime.hh"
#include "node/closing.hh"
#include "node/leftovers.hh"
#include "node/redirect.hh"
#include "node/running_agent.hh"

namespace cuttle {

namespace {

// The helper, links that join and draws are looked at this often.
constexpr Duration kLookRound = milliseconds(100);
// How long it waits before it tries again to close the way to a peer that joins.
constexpr Duration kJoiningRetry = seconds(2);
// The same, before it tries again to write preshared keys to a disk that took none.
constexpr Duration kKeepRetry = seconds(30);
// How long an agent may take to say that it is there.
constexpr Duration kStatusTimeout = seconds(3);
constexpr int kLooksAtHeld = 20;
constexpr std::chrono::milliseconds kLookAtHeldEvery(100);

}  // namespace

// For any of these descriptors, or for the next that is due.
void RunningAgent::wait_for(std::vector<pollfd>& descriptors) const {
  const Instant now = clock_.now();
  const Instant until = std::min(now + kLookRound, control_sockets_.next_timeout());
  const int64_t ns = until > now ? (until - now).ns : 0;
  const timespec timeout{ns / 1'000'000'000, ns % 1'000'000'000};
  ::ppoll(descriptors.data(), descriptors.size(), &timeout, nullptr);
}

void RunningAgent::tell_alive() {
  const auto round = service_manager_.watchdog_interval();
  if (!round) return;
  const bool handshakes_hang = !handshakes_->goes_round(clock_.now());
  if (handshakes_hang && !handshakes_hang_) spdlog::error("the thread of the handshakes hangs");
  handshakes_hang_ = handshakes_hang;
  if (handshakes_hang) return;
  service_manager_.tell("WATCHDOG=1");
  tell_alive_next_ = clock_.now() + *round;
}

// A peer that was still open has its link up, or has had its time, also where it has no link: from now on
// through it or nowhere.
void RunningAgent::watch_joining(Instant now) {
  if (now < joining_next_) return;
  const auto is_up = [&](size_t i) {
    const NodeLink* link = link_with(config_.peers[i]);
    return link != nullptr && link->is_up(now);
  };
  for (const size_t i : joining_since_.due(config_, open_, is_up, now)) {
    const std::string& name = config_.peers[i].name;
    tell_alive();
    if (auto closed = machine_.link_is_up(i); closed) {
      open_[i] = false;
      const bool is_over = joining_since_.is_over(config_.peers[i], now);
      spdlog::log(is_over ? spdlog::level::warn : spdlog::level::info,
                  "link {} {}: traffic to it goes through it from now on, or nowhere", name,
                  is_over ? "has not been up within joining_limit" : "is up for the first time");
    } else {
      spdlog::error("link {}: the way beside it cannot be closed: {}", name, closed.error().message);
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
  uint64_t lost = 0;
  for (const auto& link : links_) {
    for (size_t i = 0; i < link->lanes(); ++i) {
      lost += link->lane(i).drawn_lost.value();
      if (DrawnReleases* drawn = link->lane(i).drawn.get()) {
        draw_log_->write(fmt::format("{} -> {}", config_.name, link->peer().name), *drawn,
                         static_cast<int64_t>(wall_ns) - now.ns);
      }
    }
  }
  if (lost > draws_lost_) spdlog::warn("--debug-draws: {} releases in all are missing in the file", lost);
  draws_lost_ = std::max(draws_lost_, lost);
}

// What links have agreed on goes into their handshakes only once the disk has it.
void RunningAgent::keep_preshared(Instant now, uint64_t wall_clock_ns) {
  if (!preshared_file_ || now < keep_preshared_next_) return;
  KeptPreshared kept;
  for (const PeerConfig& peer : config_.peers) kept[peer.name] = preshared_file_->of(peer.name);
  std::vector<NodeLink*> waiting;
  for (const auto& link : links_) {
    auto unkept = link->poll_unkept_preshared();
    if (!unkept) continue;
    kept[link->peer().name] = std::move(*unkept);
    waiting.push_back(link.get());
  }
  if (waiting.empty()) return;
  kept = with_absent(std::move(kept), preshared_file_->kept(), wall_clock_ns);
  tell_alive();
  const auto written = preshared_file_->keep(kept);
  note_preshared_trouble(written ? "" : written.error().message);
  if (!written) {
    keep_preshared_next_ = now + kKeepRetry;
    return;
  }
  for (NodeLink* link : waiting) link->handle_preshared_kept(kept[link->peer().name]);
}

void RunningAgent::note_preshared_trouble(std::string trouble) {
  if (trouble == preshared_trouble_) return;
  preshared_trouble_ = std::move(trouble);
  if (!preshared_trouble_.empty()) spdlog::error("preshared keys are not renewed: {}", preshared_trouble_);
}

RunningAgent::End RunningAgent::run() {
  // The handshakes' thread may have to wait for a step of this one.
  if (config_.realtime) (void)set_high_priority();
  handshakes_->start(config_.realtime);
  spdlog::info("node {} is up: {} links, {}", config_.name, links_.size(), aead_backend_name(backend_));
  if (confirm_within_) {
    trial_ends_ = clock_.now() + *confirm_within_;
    spdlog::warn("on trial: `cuttle confirm` within {} keeps it, otherwise everything is taken back",
                 format_duration(*confirm_within_));
  }
  service_manager_.tell("READY=1");
  End end = End::asked;
  while (true) {
    std::vector<pollfd> waiting = control_sockets_.poll_fds();
    const size_t server_fds = waiting.size();
    waiting.push_back({signals_.fd(), POLLIN, 0});
    wait_for(waiting);
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
    const Instant now = clock_.now();
    const uint64_t wall = wall_clock_ns();
    if (trial_ends_ && now >= *trial_ends_) {
      end = End::not_confirmed;
      break;
    }
    control_sockets_.handle_ready(now, std::span(waiting).first(server_fds));
    control_sockets_.handle_timeout(now);
    queues_.handle_timeout(now, machine_);
    write_draws(wall, now);
    keep_preshared(now, wall);
    watch_machine(now);
    if (ends_unwatched()) {
      end = End::unwatched;
      break;
    }
    watch_joining(now);
    retry_links(now);
    if (now >= tell_alive_next_) tell_alive();
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
  agent->reset();              // its threads end before what they use is taken away
  (void)machine.handle_end();  // without its helper they stay, and the next start takes them away
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

Result<void> take_down(const NodeConfig& config, const std::vector<ClosedAddress>& stays_closed) {
  // Taken down under it, an agent would go on sending cells and put its guard back. One that is just ending
  // does not answer either, but then is not there any more; one that is only slow is. Whatever somebody
  // else's program answers there says nothing.
  bool is_there = own_agent_is_there(config);
  Result<std::string> answer = failure("not asked");
  if (is_there) {
    answer = ask_agent(config.control_socket, "status", kStatusTimeout);
    if (!answer) is_there = own_agent_is_there(config);
  }
  if (!is_there) {
    // Another node's, or this one's under a file with another control socket: rules, guard and lock are one
    // for all.
    // One that is just ending lets go of its interfaces one after the other.
    auto held = find_held_interface();
    for (int look = 0; held && *held && look < kLooksAtHeld; ++look) {
      std::this_thread::sleep_for(kLookAtHeldEvery);
      held = find_held_interface();
    }
    if (!held) return tl::unexpected(held.error());
    if (!*held) return remove_redirect_but(config, stays_closed);
    return failure(
        fmt::format("an agent that was started with another file holds the interface {} ({}); stop it first",
                    (*held)->name, (*held)->alias));
  }
  return failure(fmt::format("the agent of node {} is running ({}{}); stop it first", config.name,
                             config.control_socket, answer ? "" : ", though it does not answer"));
}

}  // namespace cuttle
