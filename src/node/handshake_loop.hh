// The handshakes of all links as a thread: whatever takes long in an agent (a question to the privileged
// helper, a reload, a request on the control socket) is the control thread's, and no answer waits for it.
// What else must not wait for these: whether the machine was restored, and whether the driver's threads are
// run.
//
// Threading: the control thread calls what is public here. The loop holds `mutex_` for a round, while it goes
// through its links; so who has taken one out may end it. A link guards itself (link.hh). Under either nobody
// waits for a file, a process, a slot, or a thread that does; so the control thread keeps the loop waiting
// for no longer than a step of the engine takes.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "io/clock.hh"
#include "io/event_queue.hh"
#include "node/driver.hh"
#include "node/link.hh"
#include "node/node_ladder.hh"
#include "node/restore_watch.hh"

namespace cuttle {

class HandshakeLoop {
 public:
  // `wake_up` is set where a lane has something for the loop; `restore_watch` is older than what any link has
  // drawn. All outlive the loop. No thread runs yet.
  static Result<std::unique_ptr<HandshakeLoop>> create(const WakeUp& wake_up, RestoreWatch& restore_watch,
                                                       Driver& driver, ReadClocks read = read_clocks);
  // Stops and joins. From then on nobody but the caller touches the links.
  ~HandshakeLoop();

  // Before start(): what changes the links' rates together. It outlives the loop.
  void set_ladder(NodeLadder& ladder) { ladder_ = &ladder; }
  // `realtime`: it goes before whatever has ordinary priority, where that is allowed.
  void start(bool realtime);
  void wake() const { wake_up_.set(); }

  // So many times the machine was found restored.
  uint64_t restores() const;
  // Links that a driver serves, with restores() from before they were made: what one has drawn before the
  // machine was restored is not used. They outlive their stay; after remove() the loop touches them no more.
  void add(std::span<NodeLink* const> links, uint64_t restores);
  void remove(std::span<NodeLink* const> links);
  // No key that was in memory is used again; what the loop does by itself where the machine was restored.
  void handle_restored();

  // It was round a moment ago. Else it hangs, or nothing of this process is run.
  bool goes_round(Instant now) const;

 private:
  HandshakeLoop(const WakeUp& wake_up, RestoreWatch& restore_watch, Driver& driver, ReadClocks read,
                EventQueue events);

  void run();
  // Returns when the next is due.
  Instant round();

  const WakeUp& wake_up_;
  RestoreWatch& restore_watch_;
  Driver& driver_;
  ReadClocks read_;
  EventQueue events_;
  NodeLadder* ladder_ = nullptr;  // null: there is none
  MonotonicClock clock_;
  mutable std::mutex mutex_;
  std::vector<NodeLink*> links_;  // these two under mutex_
  uint64_t restores_ = 0;
  std::atomic<int64_t> last_round_ns_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace cuttle
