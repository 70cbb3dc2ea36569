// Links that are being set up under a running cluster (`joining = true`): until such a link has been up once,
// traffic to its peer passes beside it, so that two ends need not be started in the same second. From then on
// it goes through the link or nowhere, whatever happens: the way is one-way, also across restarts of the
// agent, because the routes that an agent leaves behind say that the link was closed.
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

  // Looks which of the peers that are joining have been closed before. Reads routes, changes nothing.
  static Result<Joining> look(const NodeConfig& config);

  // Traffic to this peer still passes beside its link.
  bool is_open(size_t peer) const { return stage_[peer] == Stage::open; }
  // The configuration with the addresses of open peers left out: what routes, blackholes and rules are to be
  // made from, and what the guard is.
  const NodeConfig& routed() const { return routed_; }
  const NodeConfig& guarded() const { return guarded_; }

  // The link to `peer` is up. True when its routes have to be set now.
  bool handle_up(Instant now, size_t peer);
  // True when the guard has to be renewed now.
  bool handle_timeout(Instant now);

 private:
  enum class Stage { open, routed, closed };

  explicit Joining(const NodeConfig& config) : routed_(config), guarded_(config) {}

  NodeConfig routed_;
  NodeConfig guarded_;
  std::vector<std::vector<IpPrefix>> redirects_;  // of each peer, as configured
  std::vector<Stage> stage_;
  std::vector<Instant> guard_due_;
};

}  // namespace cuttle
