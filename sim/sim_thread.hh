// A thread on the virtual time line: one piece of work at a time, in order. Two threads that share a core are
// one SimThread: then the work of either delays the other.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "sim/event_loop.hh"

namespace cuttle::sim {

enum class ThreadName { packer, pacer, receiver, handshakes };
inline constexpr ThreadName kThreads[] = {ThreadName::packer, ThreadName::pacer, ThreadName::receiver,
                                          ThreadName::handshakes};
const char* thread_name(ThreadName thread);

class SimThread {
 public:
  // Called when the work's turn comes; returns how long it takes.
  using Begin = std::function<Duration()>;
  // Called when it is done: what others see of it, they see from then on.
  using End = std::function<void()>;

  explicit SimThread(EventLoop& loop) : loop_(loop) {}
  SimThread(const SimThread&) = delete;
  SimThread& operator=(const SimThread&) = delete;
  // What is queued is forgotten, as when a process is killed.
  ~SimThread() { *alive_ = false; }

  void post(Begin begin, End end = {});
  // Something keeps it from its next piece of work for so long.
  void pause(Duration duration);

 private:
  void next();

  EventLoop& loop_;
  std::deque<std::pair<Begin, End>> queue_;
  bool busy_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace cuttle::sim
