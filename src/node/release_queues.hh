// The release queues of a node: one for each shard and each interface that its cells leave by. Whoever may
// change the machine sets them up and looks after them (clock_devices.hh, instant_queues.hh); where one
// cannot be had, or is lost, the pacers release by themselves and the status says why. Control thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/release_queue.hh"
#include "io/clock_view.hh"
#include "node/link.hh"
#include "node/machine.hh"
#include "node/queue_door.hh"

namespace cuttle {

class ReleaseQueues {
 public:
  // Before lanes are served. `lead`: runtime.lead.
  void adopt(QueueDoors doors, std::optional<Duration> lead);

  // For the lane on that shard; null: its pacer releases by itself.
  ReleaseQueue* find(uint32_t shard, const Lane& lane) const;

  // Says which ones do not keep time. Every two seconds: are they still there? The machine puts back what is
  // missing.
  void handle_timeout(Instant now, Machine& machine);

  // Why not all lanes have one; empty when they have.
  std::string why_not() const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    uint32_t shard;
    std::vector<uint32_t> cell_bytes;
    std::unique_ptr<ClockView> device;
    std::unique_ptr<ReleaseQueue> queue;
    std::string trouble;
    uint64_t said_dropped = 0;
    QueueWatch::State said = QueueWatch::State::in_step;  // the worst that was said since it was in step
  };

  static void handle_look(Entry& entry, const QueueLook& look);
  static void handle_dropped(Entry& entry, uint64_t packets);
  static void handle_lost(Entry& entry, const std::string& why);
  static void say_step(Entry& entry);

  std::vector<Entry> entries_;
  std::string why_not_;
  Instant looked_{INT64_MIN / 2};
};

}  // namespace cuttle
