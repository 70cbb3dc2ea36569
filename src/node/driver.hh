// What runs the lanes: pack, pace and receive, on threads or on a reactor. The agent sets everything up and
// keeps the control thread; a driver is given lanes that are ready, and runs each part of a lane (lane.hh)
// where it likes, as long as each part has one thread. Nothing else knows which driver it is.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hh"
#include "config/config.hh"
#include "engine/relay_node.hh"
#include "io/event_queue.hh"
#include "io/system_calls.hh"
#include "node/link.hh"
#include "node/release_queues.hh"

namespace cuttle {

class Driver {
 public:
  // Stops: from then on nobody but the caller touches the lanes.
  virtual ~Driver() = default;

  // Before start(): which of these a lane's pacer hands its trains to. They outlive the driver.
  void set_queues(const ReleaseQueues& queues) { queues_ = &queues; }

  // The same: the node relays (engine/relay_node.hh). It outlives the driver.
  void set_relay(RelayNode& relay) { relay_ = &relay; }

  // Begins to serve the lanes of these links, which outlive the driver, and gives each link the ways to wake
  // its receivers. Returns why the pacers have no real-time priority; empty when they have, or were not meant
  // to.
  virtual Result<std::string> start(const std::vector<std::unique_ptr<NodeLink>>& links) = 0;

  // While it runs: links more, and less, without disturbing the others. After remove() nobody but the caller
  // touches their lanes. Takes about as long for many as for one. add(): one result for each; an error:
  // nothing of that link is served.
  virtual std::vector<Result<void>> add(std::span<NodeLink* const> links) = 0;
  virtual void remove(std::span<NodeLink* const> links) = 0;

  // Several times a second, from one thread, which may be another than calls the rest: sees to its threads.
  virtual void handle_timeout(Instant /*now*/) {}

  // What it calls beyond the system calls of every agent.
  virtual SystemCalls system_calls() const { return {}; }

 protected:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // The lane's sending side will be that shard's.
  void choose_queue(Lane& lane, uint32_t shard) const {
    lane.queue = queues_ == nullptr ? nullptr : queues_->find(shard, lane);
  }

  RelayNode* relay() const { return relay_; }  // null: it relays nothing

 private:
  const ReleaseQueues* queues_ = nullptr;
  RelayNode* relay_ = nullptr;
};

// `handshakes` wakes the thread of the handshakes (handshake_loop.hh), and outlives the driver.
using MakeDriver = std::function<std::unique_ptr<Driver>(const NodeConfig& config, const WakeUp& handshakes)>;

}  // namespace cuttle
