// What keeps traffic in the links is the machine's, so others can undo it while the agent runs: a firewall
// that reloads flushes our table with its own, systemd-networkd removes rules and routes that it does not
// know when it starts, an interface that is set down takes its routes along, a new device has no lock yet.
#pragma once

#include <functional>

#include "base/result.hh"
#include "base/time.hh"
#include "config/config.hh"
#include "node/watched.hh"

namespace cuttle {

// Whether the peer's lanes could be opened: its interface, if it is away, is missed then.
using HasLink = std::function<bool(const PeerConfig&)>;

// Whether every rule, route and interface of this configuration is there, as it was set.
Result<bool> routes_are_whole(const NodeConfig& config, const HasLink& has_link);
// Puts them back, and the interfaces up. What can be done is done, whatever fails.
Result<void> restore_routes(const NodeConfig& config, const HasLink& has_link);

// Looks at all of it on the clock, puts back what is missing, and says so. Not thread-safe.
class RedirectWatch {
 public:
  static constexpr Duration kRound = seconds(2);

  // What routes and rules are made from, and what the guard is (joining.hh).
  void handle_timeout(Instant now, const NodeConfig& routed, const NodeConfig& guarded,
                      const HasLink& has_link);
  // While a change goes on: what must not open, of the configuration that is closed by now. Its links and
  // their routes come and go.
  void handle_change(Instant now, const NodeConfig& closed);

 private:
  void watch_guard(const NodeConfig& guarded);
  void watch_lock(const NodeConfig& guarded);
  void watch_routes(const NodeConfig& routed, const HasLink& has_link);
  void watch_ways(const NodeConfig& routed);

  Instant looked_{};
  Watched guard_;
  Watched lock_;
  Watched routes_;
  std::string ways_trouble_;  // what was said last
};

}  // namespace cuttle
