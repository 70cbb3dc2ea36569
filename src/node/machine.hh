// Everything that an agent changes in the machine it runs on goes through here: interfaces, sockets, routes,
// rules, guard, and the reading of its files. Either in the process that calls (local_machine.hh), or by a
// helper that keeps the privileges it takes (helper/remote_machine.hh).
//
// No address, interface name, mark or rule passes this interface, only "the i-th peer of the configuration":
// the machine acts on the configuration that it has read itself. So whoever calls can have nothing opened
// that is closed, and nothing set up that the files do not ask for.
//
// Threading: one thread calls; the process must have no other that acts on the same machine.
#pragma once

#include <string>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "config/load.hh"
#include "control/status.hh"
#include "node/doors.hh"
#include "node/queue_door.hh"

namespace cuttle {

// By peer: traffic to it still passes beside its link (joining.hh).
using OpenPeers = std::vector<bool>;

class Machine {
 public:
  virtual ~Machine() = default;

  // Configuration and keys anew from their files, checked against the machine and against what runs. Good,
  // it is the *wanted* one from then on.
  virtual LoadedConfig read_configuration() = 0;

  // --- A start, in this order. What is wanted is in force from close_all() on; an error there, and later,
  // leaves what take_back() takes away again.
  virtual Result<OpenPeers> close_all() = 0;  // nothing leaves unshaped from here on; leftovers are gone
  virtual Result<std::vector<LaneDoor>> open_lanes(size_t peer) = 0;
  // Of the ports that the node holds, but for the first `already`. Fewer where one cannot be had that only
  // the mesh's peers need: whose link needs more ports than there are has none.
  virtual Result<std::vector<UnknownSourceSocket>> open_unknown_sources(size_t already) = 0;
  virtual Result<void> open_link(size_t peer) = 0;  // interface up, addresses routed into it
  virtual Result<QueueDoors> set_up_queues() = 0;   // once; those that keep time (release_queues.hh)
  // Nothing more is opened until the start is over: what only that takes is given away. Before anything that
  // came from the network is read.
  virtual Result<void> confine() = 0;
  virtual Result<void> settle() = 0;  // the start is over

  // --- A change to the wanted configuration. Between begin and close: open_unknown_sources(), and
  // open_lanes() of peers that come; until then abandon_change() goes back. After withdraw(), open_lanes() of
  // peers that start anew, and open_link() of all. The peers' numbers are those of the wanted configuration.
  virtual Result<void> begin_change() = 0;
  virtual Result<void> close_wanted() = 0;
  virtual Result<void> abandon_change() = 0;
  virtual Result<void> withdraw() = 0;  // interfaces and routes that only the configuration of before has
  virtual Result<OpenPeers> finish_change() = 0;

  // --- While it runs.
  // Of an open peer, or has had its time: closed, also where no route can lead into the link.
  virtual Result<void> link_is_up(size_t peer) = 0;
  virtual Result<GuardStatus> guard_status() = 0;  // an error when the guard is gone
  // Puts back what is missing of the queues; in the order in which they were set up.
  virtual Result<std::vector<QueueLook>> look_at_queues() = 0;
  virtual Result<void> confirm() = 0;  // the trial is over: what was set up stays
  // The agent ends: its control sockets go (it may remove no file by itself), and the guard closes what
  // joined a moment ago, without waiting for the other end any more.
  virtual Result<void> handle_end() = 0;
  // All of it, but for addresses that were closed before: they stay closed. Of a start that failed nothing
  // where the node was closed before, or nothing was changed. An error when it is neither on trial nor still
  // starting.
  virtual Result<void> take_back() = 0;
  // Several times a second. Empty while all is watched that was set up; else why it is not.
  virtual std::string handle_timeout(Instant now) = 0;

 protected:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
};

}  // namespace cuttle
