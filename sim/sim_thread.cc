#include "sim/sim_thread.hh"

namespace cuttle::sim {

const char* thread_name(ThreadName thread) {
  switch (thread) {
    case ThreadName::packer:
      return "packer";
    case ThreadName::pacer:
      return "pacer";
    case ThreadName::receiver:
      return "receiver";
    case ThreadName::handshakes:
      return "handshakes";
  }
  return "?";
}

void SimThread::pause(Duration duration) {
  queue_.emplace_front([duration] { return duration; }, End());
  if (!busy_) next();
}

void SimThread::post(Begin begin, End end) {
  queue_.emplace_back(std::move(begin), std::move(end));
  if (!busy_) next();
}

void SimThread::next() {
  if (queue_.empty()) {
    busy_ = false;
    return;
  }
  busy_ = true;
  auto [begin, end] = std::move(queue_.front());
  queue_.pop_front();
  const Duration cost = begin();
  loop_.after(cost, [this, alive = alive_, done = std::move(end)] {
    if (!*alive) return;
    if (done) done();
    if (*alive) next();
  });
}

}  // namespace cuttle::sim
