// The ladder of an agent (engine/ladder_control.hh): with the links that follow it, what of its budget is
// spent beyond a restart, and what the status says of it.
//
// Two threads: that of the handshakes, which calls handle_time(), and the control thread, which calls the
// rest. What both touch is under `mutex_`, below which a link's own may be taken.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.hh"
#include "control/status.hh"
#include "engine/ladder_control.hh"
#include "io/clock.hh"
#include "io/lasting_words.hh"
#include "node/link.hh"

namespace cuttle {

class NodeLadder {
 public:
  // What is spent of the budget is kept beside the control socket, NAME.ladder. Where that cannot be, a
  // restart would fill it up: then nothing is spent at all, and the links stay at the top rate.
  static std::unique_ptr<NodeLadder> open(const NodeConfig& config, const PublicKey& own_key,
                                          uint64_t wall_clock_ns);

  // Of all links; those that follow the ladder change with it. `read`: under the lock, so that nobody goes by
  // a time that passed while it waited.
  void handle_time(const ReadClocks& read, std::span<NodeLink* const> links);
  // This node has another key from now on, by which it is known (link/key_numbers.hh).
  void handle_own_key(const PublicKey& key);
  // What another life of this machine told today is not known (link/clock_watch.hh).
  void handle_restored();

  // What a link begins with that is made now.
  uint32_t told_step() const;
  LadderStatus status(std::span<const NodeLink* const> links) const;

 private:
  NodeLadder(const ladder::Settings& settings, ladder::NodeNumber number, uint64_t wall_clock_ns,
             const std::optional<ladder::Spent>& before, std::optional<LastingWords> spent)
      : control_(settings, number, wall_clock_ns, before),
        spent_(std::move(spent)),
        logged_ceiling_(control_.keeper().ceiling()) {}
  void keep_spent();
  void log_yielding(std::span<const NodeLink* const> links);
  static std::string describe_lost(const std::optional<LadderControl::Lost>& lost,
                                   std::span<const NodeLink* const> links);

  mutable std::mutex mutex_;
  LadderControl control_;              // these under mutex_
  std::optional<LastingWords> spent_;  // none: it cannot be kept
  std::optional<ladder::Spent> kept_;
  uint32_t logged_ceiling_;
  bool is_cut_ = false;  // as it was logged
  std::string why_cut_;
  std::vector<LadderLink*> following_;
};

// "/run/cuttle/osd0.ladder" for "/run/cuttle/osd0.sock".
std::string ladder_file(const NodeConfig& config);

}  // namespace cuttle
