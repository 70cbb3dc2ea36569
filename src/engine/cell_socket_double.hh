// The double of a lane's socket: two of them, joined, hand trains to each other in memory.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "engine/cell_socket.hh"

namespace cuttle {

class CellSocketDouble final : public CellSocket {
 public:
  // What one sends, the other receives. Both in one thread; neither may outlive the other's use.
  static std::pair<std::unique_ptr<CellSocketDouble>, std::unique_ptr<CellSocketDouble>> create_pair();

  // A train that arrives although nobody sent it.
  void put(Bytes bytes, size_t segment_bytes);
  // When what is put or sent to it from now on arrives.
  void set_time(Instant now) { now_ = now; }
  // Before what is put or sent to it from now on, so many more were dropped.
  void handle_lost_before(uint32_t packets) { lost_before_ += packets; }
  // A queue dropped so many packets.
  void handle_dropped(size_t packets) { dropped_ = packets; }
  // From now on it takes so many datagrams more.
  void refuse_after(size_t datagrams) { still_taken_ = datagrams; }

  size_t send_train(const uint8_t* cells, size_t count, size_t cell_bytes) override;
  void set_way_out(uint32_t interface_index) override { way_out_ = interface_index; }
  void set_release_instant(std::optional<Instant> instant, const InstantRules& /*rules*/) override {
    release_instant_ = instant;
  }
  size_t send_dropped_again(size_t /*cell_bytes*/) override { return std::exchange(dropped_, 0); }
  bool send_pause(size_t frame_bytes, std::optional<Instant> due) override;
  std::optional<ReceivedTrain> receive(MutableBytes buffer) override;
  bool segmentation() const override { return true; }

  // What was last asked for.
  uint32_t way_out() const { return way_out_; }
  struct Pause {
    size_t frame_bytes;
    std::optional<Instant> due;
  };
  const std::vector<Pause>& pauses() const { return pauses_; }
  // What the last train carried, and what each did from the first on.
  std::optional<Instant> sent_with() const { return sent_with_.empty() ? std::nullopt : sent_with_.back(); }
  const std::vector<std::optional<Instant>>& all_sent_with() const { return sent_with_; }

 private:
  struct Waiting {
    std::vector<uint8_t> bytes;
    size_t segment_bytes;
    Instant arrived;
    uint32_t lost_before;
  };
  CellSocketDouble() = default;

  CellSocketDouble* peer_ = nullptr;
  std::deque<Waiting> waiting_;
  size_t still_taken_ = SIZE_MAX;
  size_t dropped_ = 0;
  uint32_t way_out_ = 0;
  std::vector<Pause> pauses_;
  std::optional<Instant> release_instant_;
  std::vector<std::optional<Instant>> sent_with_;
  Instant now_{};
  uint32_t lost_before_ = 0;
};

}  // namespace cuttle
