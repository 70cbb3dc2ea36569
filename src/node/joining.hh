// Links that are being set up under a running cluster (`joining = true`): until such a link has been up once,
// traffic to its peer passes beside it, so that two ends need not be started in the same second. From then on
// it goes through the link or nowhere, whatever happens: the way is one-way, also across reloads, restarts of
// the agent and changes of the peer's addresses, because the routes that an agent leaves behind say that the
// link was closed.
#pragma once

#include <optional>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "config/config.hh"

namespace cuttle {

class Joining {
 public:
  // Both ends change their routes within a few round trips, but not in the same instant: so long, what still
  // comes beside the link is let in.
  static constexpr Duration kGrace = seconds(3);

  // Looks which of the peers that are joining have been closed before, under these addresses, some of them,
  // or others. Reads routes, changes nothing. `before`: of the configuration in force; null: there is none.
  static Result<Joining> look(const NodeConfig& config, const Joining* before = nullptr);

  // Traffic to this peer still passes beside its link.
  bool is_open(size_t peer) const { return stage_[peer] == Stage::open; }
  // The configuration with the addresses of open peers left out: what routes, blackholes and rules are to be
  // made from, and what the guard is.
  const NodeConfig& routed() const { return routed_; }
  const NodeConfig& guarded() const { return guarded_; }

  // Whoever calls these does so with a copy, and keeps it once routes or guard are as it says: what fails is
  // tried again.
  // The link to `peer`, which is open, is up: its routes have to be set.
  void handle_up(Instant now, size_t peer);
  // The guard has to be renewed.
  bool guard_is_due(Instant now) const;
  void handle_timeout(Instant now);

 private:
  enum class Stage { open, routed, closed };

  explicit Joining(const NodeConfig& config) : routed_(config), guarded_(config) {}
  bool has_closed(const PeerConfig& peer) const;

  NodeConfig routed_;
  NodeConfig guarded_;
  std::vector<std::vector<IpPrefix>> redirects_;  // of each peer, as configured
  std::vector<Stage> stage_;
  std::vector<Instant> guard_due_;
};

}  // namespace cuttle
