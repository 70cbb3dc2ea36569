// What has come but finds the link's queue full: it waits at its sender, as behind TCP's back-pressure. One
// line a flow; the flow with the least inside the link goes first, as on a full link that drops from the flow
// with the most.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

namespace cuttle::plan {

class Senders {
 public:
  bool empty() const { return waiting_.empty(); }

  // `packet`: a number of the caller's.
  void handle_packet(uint32_t flow, size_t packet) {
    Flow& its = flows_[flow];
    if (its.line.empty()) waiting_.push_back(flow);
    its.line.push_back(packet);
  }

  // The packet whose turn it is; stays until handle_taken. Precondition: not empty.
  size_t poll_front() {
    front_ = static_cast<size_t>(
        std::min_element(waiting_.begin(), waiting_.end(),
                         [&](uint32_t a, uint32_t b) { return flows_[a].inside < flows_[b].inside; }) -
        waiting_.begin());
    return flows_[waiting_[front_]].line.front();
  }

  // The packet that poll_front showed is no longer here.
  void handle_taken() {
    std::deque<size_t>& line = flows_[waiting_[front_]].line;
    line.pop_front();
    if (!line.empty()) return;
    waiting_[front_] = waiting_.back();
    waiting_.pop_back();
  }

  // So many bytes of the flow have entered the link, or left it.
  void handle_entered(uint32_t flow, size_t bytes) { flows_[flow].inside += bytes; }
  void handle_left(uint32_t flow, size_t bytes) { flows_[flow].inside -= bytes; }

 private:
  struct Flow {
    std::deque<size_t> line;
    size_t inside = 0;
  };
  std::unordered_map<uint32_t, Flow> flows_;
  std::vector<uint32_t> waiting_;  // flows with packets here
  size_t front_ = 0;               // in waiting_
};

}  // namespace cuttle::plan
