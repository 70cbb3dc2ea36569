// What the agent is asked over its control socket: its status, to confirm a trial, to reload.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/check.hh"
#include "node/apply_reload.hh"
#include "node/running_agent.hh"

namespace cuttle {

namespace {

constexpr Duration kRetryRound = seconds(5);  // what is missing is tried again this often

}  // namespace

Result<std::string> RunningAgent::answer(const std::string& request) {
  if (request == "status") return to_json(status());
  if (request == "confirm") return confirm();
  if (request == "reload") return reload().map([](const ReloadReport& report) { return to_json(report); });
  return failure("unknown request \"" + request + "\"; known: status, confirm, reload");
}

// What is wrong with the new configuration is in the report; the old one goes on then, as it does after an
// error. What a good one asks for and could not be done is in the report as well.
Result<ReloadReport> RunningAgent::reload() {
  if (on_trial()) return failure("the agent is on trial; `cuttle confirm` it before it is reloaded");
  tell_alive();
  const LoadedConfig wanted = machine_.read_configuration();
  if (!wanted.good()) return ReloadReport{.problems = wanted.problem_lines()};
  auto report = change_to(wanted);
  if (report) spdlog::info("reloaded: {}", to_string(*report));
  return report;
}

// A link that a reload could not make, as while its own address was away for a moment, is tried again: of
// root's own peers here, of the mesh's by cuttle-mesh. What root has changed meanwhile waits for root's word.
void RunningAgent::retry_links(Instant now) {
  if (now < retry_next_) return;
  retry_next_ = now + kRetryRound;
  const bool one_is_missing = std::ranges::any_of(config_.peers, [&](const PeerConfig& peer) {
    return !config_.is_of_mesh(peer) && link_with(peer) == nullptr;
  });
  if (!one_is_missing || on_trial()) return;
  tell_alive();
  const LoadedConfig wanted = machine_.read_configuration();
  if (!wanted.good() || !says_the_same(config_, wanted.config) || keys_ != *wanted.keys) return;
  const auto report = change_to(wanted);
  if (!report) {
    spdlog::error("a link that is missing cannot be tried again: {}", report.error().message);
  } else if (report->undone.empty()) {
    spdlog::info("links that were missing are there: {}", to_string(*report));
  }
}

Result<ReloadReport> RunningAgent::change_to(const LoadedConfig& wanted) {
  std::vector<std::string> running;
  for (const auto& link : links_) running.push_back(link->peer().name);
  const ReloadPlan changes = compare_links(config_, keys_, running, wanted.config, *wanted.keys);
  service_manager_.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", clock_.now().ns / 1000));
  const InService in{.config = config_,
                     .keys = keys_,
                     .links = links_,
                     .unknown_sources = unknown_sources_,
                     .open = open_,
                     .machine = machine_,
                     .driver = *driver_,
                     .handshakes = *handshakes_,
                     .backend = backend_,
                     .sealing = sealing_,
                     .key_log = key_log_.get(),
                     .preshared = preshared_file_ ? &*preshared_file_ : nullptr,
                     .ladder = ladder_.get(),
                     .relay = relay_.get(),
                     .alive = [this] { tell_alive(); }};
  auto changed = apply_reload(in, wanted.config, *wanted.keys, changes);
  service_manager_.tell("READY=1");
  joining_since_.handle_change(config_, clock_.now());
  if (!changed) return tl::unexpected(changed.error());
  ReloadReport report = report_of(changes, config_);
  report.problems = wanted.problem_lines();
  report.undone = std::move(*changed);
  return report;
}

void RunningAgent::handle_hangup() {
  const auto report = reload();
  if (!report) {
    spdlog::error("SIGHUP: {}", report.error().message);
  } else if (!report->reloaded) {
    for (const std::string& line : report->problems) spdlog::error("{}", line);
    spdlog::error("SIGHUP: not reloaded; what ran before goes on");
  } else if (!report->undone.empty()) {
    spdlog::error("SIGHUP: {}", report->undone.front());
  }
}

Result<std::string> RunningAgent::confirm() {
  if (!trial_ends_) return failure("nothing waits to be confirmed: the agent is not on trial");
  if (auto confirmed = machine_.confirm(); !confirmed) return tl::unexpected(confirmed.error());
  trial_ends_.reset();
  if (on_confirmed_) on_confirmed_();
  spdlog::info("confirmed: what was set up stays");
  return std::string(R"({"confirmed":true})");
}

// In the configuration.
size_t RunningAgent::place_of(const NodeLink& link) const {
  const auto found = std::find_if(config_.peers.begin(), config_.peers.end(),
                                  [&](const PeerConfig& peer) { return peer.name == link.peer().name; });
  CUTTLE_CHECK(found != config_.peers.end(), "a link belongs to a peer");
  return static_cast<size_t>(found - config_.peers.begin());
}

const NodeLink* RunningAgent::link_with(const PeerConfig& peer) const {
  const auto found = std::find_if(links_.begin(), links_.end(),
                                  [&](const auto& link) { return link->peer().name == peer.name; });
  return found == links_.end() ? nullptr : found->get();
}

StatusSnapshot RunningAgent::status() {
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
  snapshot.preshared_why_not = preshared_trouble_;
  snapshot.watched = machine_trouble_.empty();
  snapshot.watched_why_not = machine_trouble_;
  snapshot.guard = machine_.guard_status().value_or(GuardStatus{});
  for (const UnknownSourceSocket& unknown_source : unknown_sources_)
    snapshot.guard.unknown_sources_dropped += unknown_source.dropped();
  for (size_t i = 0; i < config_.peers.size(); ++i) {
    const NodeLink* link = link_with(config_.peers[i]);
    snapshot.links.push_back(link != nullptr ? link->status(now) : status_without_link(config_.peers[i]));
    snapshot.links.back().open = open_[i];
  }
  if (ladder_ != nullptr) {
    std::vector<const NodeLink*> links;
    for (const auto& link : links_) links.push_back(link.get());
    snapshot.ladder = ladder_->status(links);
  }
  return snapshot;
}

}  // namespace cuttle
