// The helper's side of the protocol: takes requests, whatever they are, and drives a Machine with those that
// may follow each other. What is malformed or out of order is refused and changes nothing; the machine is
// watched on. Pure but for the Machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helper/protocol.hh"
#include "node/machine.hh"

namespace cuttle::helper {

struct Answer {
  bool done = false;
  std::string bytes;             // may hold keys: wipe them
  std::vector<int> descriptors;  // of what follows
  std::vector<LaneDoor> lanes;
  std::vector<UnknownSourceSocket> unknown_sources;
  std::vector<FileDescriptor> maps;  // of queues
};

class Service {
 public:
  // `machine` outlives the service, and nobody else calls it.
  explicit Service(Machine& machine) : machine_(machine) {}

  // So long a change may take; an agent that is well has ended it long before.
  static constexpr Duration kChangeTime = seconds(60);

  Answer handle(std::string_view request);
  // Several times a second. A change that nobody ends is abandoned, or ended where there is no way back.
  void handle_timeout(Instant now);

 private:
  enum class Phase {
    reading,    // nothing is in force yet
    starting,   // all is closed
    confined,   // and opened; what that took was given away
    failed,     // it could not be closed
    running,    // the start is over
    changing,   // to what is wanted
    closed,     // and that is closed
    withdrawn,  // and what it lacks is gone
    over        // all was taken back
  };
  bool fits(const Request& request) const;
  size_t peers() const;
  Answer act(const Request& request);
  Answer read_configuration();
  Answer close_all();
  Answer open_lanes(size_t peer);
  Answer open_unknown_sources(size_t already);
  Answer set_up_queues();
  Answer look_at_queues();
  Answer finish_change();
  // The phase that follows when the step is done; else it stays what it is.
  Answer move(const Result<void>& done, Phase next);

  Machine& machine_;
  Phase phase_ = Phase::reading;
  bool has_wanted_ = false;
  bool has_queues_ = false;
  size_t wanted_peers_ = 0;
  size_t peers_in_force_ = 0;
  std::optional<Instant> change_until_;
};

}  // namespace cuttle::helper
