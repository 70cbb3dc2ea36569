#include "node/local_machine.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "control/client.hh"
#include "io/clock.hh"
#include "io/links.hh"
#include "io/privileges.hh"
#include "io/routes.hh"
#include "io/udp_errors.hh"
#include "node/leftovers.hh"
#include "node/others_interface.hh"
#include "node/preflight.hh"
#include "node/redirect.hh"
#include "node/reload_plan.hh"
#include "node/ways.hh"

namespace cuttle {

namespace {

// How long it waits before it tries again to renew the guard for a peer that joined.
constexpr Duration kJoiningRetry = seconds(2);

OpenPeers open_peers(const Joining& joining, size_t count) {
  OpenPeers open;
  for (size_t i = 0; i < count; ++i) open.push_back(joining.is_open(i));
  return open;
}

void keep_first(Result<void>& all, Result<void> one) {
  if (one) return;
  spdlog::error("{}", one.error().message);
  if (all) all = std::move(one);
}

}  // namespace

LoadedConfig LocalMachine::read_configuration() {
  CUTTLE_CHECK(!change_, "a change ends before another begins");
  LoadedConfig loaded = load_config(options_.file, KeyFiles::read);
  const std::string driver = std::exchange(loaded.config.driver, options_.driver);
  if (!driver_in_file_ && loaded.good()) driver_in_file_ = driver;
  if (loaded.good()) {
    if (!settled_) check_process(loaded.config, loaded.lines, loaded.problems);
    check_network(loaded.config, loaded.lines, loaded.problems, in_force_ ? Asks::reload : Asks::start);
  }
  if (loaded.good() && in_force_) {
    // What the file says of the driver may have been overruled at the start, so it is compared with itself.
    NodeConfig written = loaded.config;
    if (driver != *driver_in_file_) written.driver = driver;
    check_unchangeable(*in_force_, written, loaded.lines, loaded.problems);
  }
  wanted_.reset();
  if (loaded.good()) {
    wanted_ = loaded.config;
  } else {
    loaded.keys.reset();
  }
  return loaded;
}

// --- a start

Result<OpenPeers> LocalMachine::close_all() {
  CUTTLE_CHECK(wanted_ && !in_force_, "a good configuration is read before it is taken on, once");
  // What an earlier run left closed stays closed, whatever goes wrong now. So does what another agent holds:
  // a start that finds one fails before it changes anything, and has nothing to undo.
  was_closed_ = is_closed(*wanted_);
  checksum_errors_before_ = udp_checksum_errors();
  auto closed_before = closed_addresses(*wanted_);
  if (!closed_before && on_trial_) return tl::unexpected(closed_before.error());
  if (closed_before) closed_before_ = std::move(*closed_before);
  auto joining = Joining::look(*wanted_);
  if (!joining) return tl::unexpected(joining.error());
  in_force_ = *wanted_;
  joining_ = std::move(*joining);
  if (!in_force_->user.empty()) {
    const auto user = find_user(in_force_->user);
    if (!user) return failure("there is no user " + in_force_->user);
    owner_ = user->user;
  }
  hold_cpu_latency();
  if (auto alone = check_alone(*in_force_); !alone) return tl::unexpected(alone.error());
  changed_ = true;
  const NodeConfig closing = closing_also(joining_->routed(), closed_before_);
  closes_more_ = !closes_the_same(closing, joining_->routed());
  if (auto closed = cuttle::close_all(closing); !closed) return tl::unexpected(closed.error());
  // Before the sockets: a rule with another mark would lead their cells into the links.
  if (auto removed = remove_leftovers(closing); !removed) return tl::unexpected(removed.error());
  return open_peers(*joining_, in_force_->peers.size());
}

void LocalMachine::hold_cpu_latency() {
  if (!in_force_->cpu_latency) return;
  auto held = CpuLatency::hold(*in_force_->cpu_latency);
  if (held) {
    cpu_latency_ = std::move(*held);
  } else {
    spdlog::warn("runtime.cpu_latency is not kept, so releases are later: {}", held.error().message);
  }
}

Result<std::vector<LaneDoor>> LocalMachine::open_lanes(size_t peer) {
  // Also where not all of it can be opened.
  if (change_) change_->opened.insert(peer);
  auto doors = open_doors(acted_on(), peer, owner_);
  const std::string& name = acted_on().peers[peer].name;
  underlays_.erase(name);
  if (doors && !doors->empty()) underlays_[name] = doors->front().underlay;
  return doors;
}

Result<std::vector<UnknownSourceSocket>> LocalMachine::open_unknown_sources(size_t already) {
  return cuttle::open_unknown_sources(acted_on(), already, owner_);
}

Result<void> LocalMachine::open_link(size_t peer) {
  const NodeConfig& routed = change_ ? change_->joining.routed() : joining_->routed();
  return cuttle::open_link(routed, routed.peers[peer]);
}

Result<QueueDoors> LocalMachine::set_up_queues() {
  auto devices = clock_devices_.set_up(*in_force_, owner_.value_or(::geteuid()));
  by_instants_ = in_force_->release == ReleaseBy::txtime;
  return devices && by_instants_ ? instant_queues_.find(*in_force_) : std::move(devices);
}

Result<void> LocalMachine::confine() {
  return options_.confine ? options_.confine(in_force_->user) : Result<void>();
}

Result<void> LocalMachine::settle() {
  if (closes_more_) {
    // The start is over: only now what this file does not close may open.
    if (auto closed = cuttle::close_all(joining_->routed()); !closed) return closed;
    if (auto guarded = restore_guard(joining_->guarded()); !guarded) return guarded;
    if (auto removed = remove_leftovers(joining_->routed()); !removed) return removed;
  }
  settled_ = true;
  const std::string control = in_force_->control_socket;
  for (const std::string& path : {control, status_socket_of(control), mesh_socket_of(control)}) {
    sockets_.push_back(SocketFile::look(path));
  }
  return {};
}

// --- a change

Result<void> LocalMachine::begin_change() {
  CUTTLE_CHECK(wanted_ && in_force_ && !change_, "one change at a time, to what was read");
  auto joining = Joining::look(*wanted_, &*joining_);
  if (!joining) return tl::unexpected(joining.error());
  change_ = Change{std::move(*joining), {}, false};
  return {};
}

Result<void> LocalMachine::close_wanted() {
  auto closed = cuttle::close_all(change_->joining.routed());
  change_->is_closed = closed.has_value();
  return closed;
}

Result<void> LocalMachine::abandon_change() {
  const NodeConfig& routed = joining_->routed();
  const auto is_in_force = [&](const PeerConfig& opened) {
    return std::ranges::count(routed.peers, opened.name, &PeerConfig::name) > 0;
  };
  Result<void> undone;
  for (const size_t peer : change_->opened) {
    const PeerConfig& opened = wanted_->peers[peer];
    underlays_.erase(opened.name);
    if (!is_in_force(opened)) keep_first(undone, remove_own_interface(*wanted_, opened));
  }
  keep_first(undone, cuttle::close_all(routed));
  keep_first(undone, restore_guard(joining_->guarded()));
  keep_first(undone, withdraw_routes(change_->joining.routed(), routed));
  // Closing for the new configuration may have taken a route of a link that goes on.
  for (const PeerConfig& peer : routed.peers) {
    const auto link = find_link(peer.interface_name());
    if (link && *link && !is_others(routed, **link)) keep_first(undone, cuttle::open_link(routed, peer));
  }
  change_.reset();
  return undone;
}

Result<void> LocalMachine::withdraw() {
  Result<void> withdrawn;
  for (const PeerConfig& before : in_force_->peers) {
    // The interface of a link that starts anew goes on, and the connections through it with it, unless it has
    // several queues and had one, or the other way round, which is fixed for its life.
    const auto after = std::find_if(wanted_->peers.begin(), wanted_->peers.end(),
                                    [&](const PeerConfig& peer) { return peer.name == before.name; });
    const bool goes = after == wanted_->peers.end();
    if (goes || after->lanes != before.lanes) underlays_.erase(before.name);
    const bool stays = !goes && (after->lanes > 1) == (before.lanes > 1);
    if (!stays) keep_first(withdrawn, remove_own_interface(*in_force_, before));
  }
  keep_first(withdrawn, withdraw_routes(joining_->routed(), change_->joining.routed()));
  return withdrawn;
}

Result<OpenPeers> LocalMachine::finish_change() {
  in_force_ = *wanted_;
  joining_ = std::move(change_->joining);
  change_.reset();
  return open_peers(*joining_, in_force_->peers.size());
}

// --- while it runs

Result<void> LocalMachine::link_is_up(size_t peer) {
  if (!joining_->is_open(peer)) return {};
  Joining next = *joining_;
  next.handle_up(MonotonicClock().now(), peer);
  const NodeConfig& routed = next.routed();
  const PeerConfig& joined = routed.peers[peer];
  // One that could not be had has no interface, or one of somebody else's: its addresses are closed alone. So
  // they are where no route can lead into the link: the watch (redirect_watch.hh) sets it when one can.
  if (underlays_.contains(joined.name)) {
    if (auto opened = cuttle::open_link(routed, joined); !opened) {
      spdlog::error("link {}: its routes cannot be set: {}", joined.name, opened.error().message);
    }
  }
  if (auto closed = close_routes(routed); !closed) return closed;
  joining_ = std::move(next);
  return {};
}

// The other end of a link that joined has had its time to do the same: the guard is due.
void LocalMachine::watch_joining(Instant now) {
  if (now < joining_next_ || !joining_->guard_is_due(now)) return;
  Joining next = *joining_;
  next.handle_timeout(now);
  if (auto guarded = restore_guard(next.guarded()); !guarded) {
    spdlog::error("the guard cannot be renewed: {}", guarded.error().message);
    joining_next_ = now + kJoiningRetry;
  } else {
    joining_ = std::move(next);
  }
}

Result<GuardStatus> LocalMachine::guard_status() {
  return guard_status_.get(MonotonicClock().now(), [&] {
    auto status = cuttle::guard_status();
    if (!status) return status;
    status->checksum_wrong = udp_checksum_errors() - checksum_errors_before_;
    status->way_trouble = way_trouble(joining_->routed());
    return status;
  });
}

Result<std::vector<QueueLook>> LocalMachine::look_at_queues() {
  return by_instants_ ? instant_queues_.look(*in_force_, underlays_)
                      : clock_devices_.look(*in_force_, underlays_);
}

Result<void> LocalMachine::confirm() {
  on_trial_ = false;
  return {};
}

Result<void> LocalMachine::handle_end() {
  if (settled_ && !on_trial_ && !change_) watch_joining(Instant::never());
  for (const SocketFile& socket : sockets_) socket.remove();
  return {};
}

Result<void> LocalMachine::take_back() {
  if (settled_ && !on_trial_) return failure("what a running node set up stays; `cuttle down` removes it");
  if (!changed_ || (!settled_ && was_closed_ && !on_trial_)) return {};
  taken_back_ = true;
  return remove_redirect_but(*in_force_, closed_before_);
}

std::string LocalMachine::handle_timeout(Instant now) {
  if (!settled_ || taken_back_) return {};
  // Whoever began a change may never end it.
  if (change_ && change_->is_closed) {
    watch_.handle_change(now, change_->joining.routed());
  } else {
    watch_.handle_timeout(now, joining_->routed(), joining_->guarded(),
                          [&](const PeerConfig& peer) { return underlays_.contains(peer.name); });
  }
  if (!change_) watch_joining(now);
  return {};
}

}  // namespace cuttle
