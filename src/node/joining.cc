#include "node/joining.hh"

#include <algorithm>

#include "base/check.hh"
#include "io/egress_lock.hh"
#include "io/guard.hh"
#include "io/routes.hh"
#include "node/leftovers.hh"

namespace cuttle {

namespace {

// One address in common is enough: of whatever size the prefix is, part of it was closed.
bool overlap(const std::vector<IpPrefix>& redirect, const IpPrefix& prefix) {
  return std::any_of(redirect.begin(), redirect.end(),
                     [&](const IpPrefix& one) { return one.overlaps(prefix); });
}

// A route into the peer's interface tells, too, whatever the peer's addresses were then.
bool closes(const Route& route, const PeerConfig& peer) {
  return overlap(peer.redirect, route.prefix) || route.interface == peer.interface_name();
}

}  // namespace

// By name, by address or by key.
bool Joining::has_closed(const PeerConfig& peer) const {
  for (size_t i = 0; i < stage_.size(); ++i) {
    if (stage_[i] == Stage::open) continue;
    const std::vector<IpPrefix>& its = redirects_[i];
    const bool shares =
        std::any_of(its.begin(), its.end(), [&](const IpPrefix& one) { return overlap(peer.redirect, one); });
    const PeerConfig& before = routed_.peers[i];
    if (shares || before.name == peer.name || before.public_key == peer.public_key) return true;
  }
  return false;
}

Result<Joining> Joining::look(const NodeConfig& config, const Joining* before) {
  Joining joining(config);
  const bool any = std::any_of(config.peers.begin(), config.peers.end(),
                               [](const PeerConfig& peer) { return peer.joining; });
  std::vector<Route> routes;
  // The file may have named another table before.
  const auto tables = any ? tables_in_use(config) : Result<std::vector<uint32_t>>();
  if (!tables) return tl::unexpected(tables.error());
  for (const uint32_t table : *tables) {
    const auto its = list_routes(table);
    if (!its) return tl::unexpected(its.error());
    routes.insert(routes.end(), its->begin(), its->end());
  }
  // Routes are not all that closes: guard and lock outlive them. The guard says what it closes, and names its
  // peers; the lock does not, so where it stands alone, or the guard cannot be read, it may be any.
  const auto guarded = any ? guard_counts() : Result<std::map<std::string, GuardCounts>>();
  const auto prefixes = any ? guarded_prefixes() : Result<std::vector<GuardedPrefix>>();
  bool may_be_any = false;
  if (any && before == nullptr && (!guarded || !prefixes)) {
    const auto locked = lock_is_present();
    may_be_any = !prefixes || !locked || *locked;
  }
  for (size_t i = 0; i < config.peers.size(); ++i) {
    const PeerConfig& peer = config.peers[i];
    const bool closed_before =
        may_be_any || (guarded && guarded->contains(peer.interface_name())) ||
        (prefixes &&
         std::any_of(prefixes->begin(), prefixes->end(),
                     [&](const GuardedPrefix& one) { return overlap(peer.redirect, one.prefix); })) ||
        (before != nullptr && before->has_closed(peer)) ||
        std::any_of(routes.begin(), routes.end(), [&](const Route& route) { return closes(route, peer); });
    const bool open = peer.joining && !closed_before;
    joining.redirects_.push_back(peer.redirect);
    joining.stage_.push_back(open ? Stage::open : Stage::closed);
    joining.guard_due_.push_back(Instant::never());
    if (!open) continue;
    joining.routed_.peers[i].redirect.clear();
    joining.guarded_.peers[i].redirect.clear();
  }
  return joining;
}

void Joining::handle_up(Instant now, size_t peer) {
  CUTTLE_CHECK(stage_[peer] == Stage::open, "a link joins once");
  stage_[peer] = Stage::routed;
  routed_.peers[peer].redirect = redirects_[peer];
  guard_due_[peer] = now + kGrace;
}

bool Joining::guard_is_due(Instant now) const {
  for (size_t i = 0; i < stage_.size(); ++i) {
    if (stage_[i] == Stage::routed && now >= guard_due_[i]) return true;
  }
  return false;
}

void Joining::handle_timeout(Instant now) {
  for (size_t i = 0; i < stage_.size(); ++i) {
    if (stage_[i] != Stage::routed || now < guard_due_[i]) continue;
    stage_[i] = Stage::closed;
    guarded_.peers[i].redirect = redirects_[i];
  }
}

}  // namespace cuttle
