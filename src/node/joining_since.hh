// Since when each peer has been joining, for `joining_limit`: since the agent's start, or the reload that
// brought the peer. What changes of others does not give it more time. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.hh"
#include "config/config.hh"

namespace cuttle {

class JoiningSince {
 public:
  JoiningSince(const NodeConfig& config, Instant started);

  // `config` is in force from now on. A peer is the same as long as its name is.
  void handle_change(const NodeConfig& config, Instant now);
  // Of a peer in force: whether `joining` has had its time.
  bool is_over(const PeerConfig& peer, Instant now) const;
  // Peers in force, by place, whose way has to be closed now: of those that are `open`, whose link is up, and
  // who has had his time, with a link or without one. `is_up`: of the peer at that place.
  std::vector<size_t> due(const NodeConfig& config, const std::vector<bool>& open,
                          const std::function<bool(size_t)>& is_up, Instant now) const;

 private:
  std::map<std::string, Instant> since_;
};

}  // namespace cuttle
