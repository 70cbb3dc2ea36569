// Commands on their way to one of a lane's threads, through its ring; while that is full they wait here, in
// order, so that none is lost: a command to stop or to forget has no second chance. One thread, that of the
// handshakes, which looks again whenever it goes round.
#pragma once

#include <deque>
#include <utility>

#include "base/ring.hh"

namespace cuttle {

template <typename Command>
class Outbox {
 public:
  explicit Outbox(Ring<Command>& ring) : ring_(ring) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  void handle_command(Command command) {
    waiting_.push_back(std::move(command));
    handle_waiting();
  }

  // True when something went that had to wait.
  bool handle_waiting() {
    bool went = false;
    while (!waiting_.empty() && ring_.push(std::move(waiting_.front()))) {
      waiting_.pop_front();
      went = true;
    }
    return went;
  }

 private:
  Ring<Command>& ring_;
  std::deque<Command> waiting_;
};

}  // namespace cuttle
