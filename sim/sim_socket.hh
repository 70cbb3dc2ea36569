// A lane's socket on a simulated host, and the queue that keeps time there, where one does.
#pragma once

#include <deque>
#include <functional>

#include "engine/cell_socket.hh"
#include "sim/allocations.hh"
#include "sim/cost_model.hh"
#include "sim/event_loop.hh"
#include "sim/sim_clock.hh"
#include "sim/sim_network.hh"
#include "sim/sim_queue.hh"

namespace cuttle::sim {

// What the sockets of a node have in common.
struct SimHost {
  EventLoop& loop;
  SimNetwork& network;
  Allocations& allocations;
  Checker& checker;
  const SimClock& clock;
  const CostModel& cost;
  SimQueue* queue;                 // null: none
  SimInstantQueue* instant_queue;  // null: none
  // Datagrams are stamped when they are read, not when they arrive: a mistake (cost_model.hh).
  bool stamps_when_read;

  Instant local_now() const { return clock.local(loop.now()); }
};

class SimQueueDevice final : public QueueDevice {
 public:
  explicit SimQueueDevice(const SimHost& host) : host_(host) {}
  uint32_t index() const override { return 1; }
  std::optional<QueueCounts> counts() const override {
    return host_.queue != nullptr ? std::optional(host_.queue->counts(host_.local_now())) : std::nullopt;
  }

 private:
  const SimHost& host_;
};

class SimSocket final : public CellSocket {
 public:
  SimSocket(const SimHost& host, NodeNumber own, NodeNumber peer, uint8_t lane)
      : host_(host), own_(own), peer_(peer), lane_(lane) {}

  // --- The network's side. False: the buffer is full, and it is lost.
  bool put(SimNetwork::SharedBytes bytes);
  // Its link has ended: nothing may be sent any more.
  void close() { closed_ = true; }

  // --- The lane's.
  bool empty() const { return waiting_.empty(); }
  size_t send_train(const uint8_t* cells, size_t count, size_t cell_bytes) override;
  void set_way_out(uint32_t interface_index) override { by_queue_ = interface_index != 0; }
  void set_release_instant(std::optional<Instant> instant, const InstantRules& /*rules*/) override {
    release_instant_ = instant;
  }
  bool send_pause(size_t frame_bytes, std::optional<Instant> due) override;
  std::optional<ReceivedTrain> receive(MutableBytes buffer) override;
  bool segmentation() const override { return true; }
  // What it takes to open the train that was read last, good cells or not.
  Duration cost_of_received(size_t cell_bytes) const;

 private:
  static constexpr size_t kBufferDatagrams = 4096;
  // What comes in within so long of each other is handed over as one train (GRO).
  static constexpr Duration kTogether = microseconds(20);

  struct Waiting {
    SimNetwork::SharedBytes bytes;
    Instant arrived;
    uint32_t dropped_before;
  };

  const SimHost& host_;
  NodeNumber own_;
  NodeNumber peer_;
  uint8_t lane_;
  bool by_queue_ = false;
  std::optional<Instant> release_instant_;
  Instant last_left_{INT64_MIN};
  bool closed_ = false;
  std::deque<Waiting> waiting_;
  uint32_t dropped_ = 0;
  size_t received_datagrams_ = 0;
  size_t received_bytes_each_ = 0;
};

}  // namespace cuttle::sim
