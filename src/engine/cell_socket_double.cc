#include "engine/cell_socket_double.hh"

#include <algorithm>
#include <cstring>

namespace cuttle {

std::pair<std::unique_ptr<CellSocketDouble>, std::unique_ptr<CellSocketDouble>>
CellSocketDouble::create_pair() {
  std::unique_ptr<CellSocketDouble> one(new CellSocketDouble);
  std::unique_ptr<CellSocketDouble> other(new CellSocketDouble);
  one->peer_ = other.get();
  other->peer_ = one.get();
  return {std::move(one), std::move(other)};
}

void CellSocketDouble::put(Bytes bytes, size_t segment_bytes) {
  waiting_.push_back({{bytes.begin(), bytes.end()}, segment_bytes, now_, lost_before_});
}

size_t CellSocketDouble::send_train(const uint8_t* cells, size_t count, size_t cell_bytes) {
  const size_t taken = std::min(count, still_taken_);
  if (still_taken_ != SIZE_MAX) still_taken_ -= taken;
  sent_with_.push_back(release_instant_);
  if (taken > 0) peer_->put({cells, taken * cell_bytes}, cell_bytes);
  return taken;
}

bool CellSocketDouble::send_pause(size_t frame_bytes, std::optional<Instant> due) {
  if (still_taken_ == 0) return false;
  pauses_.push_back({frame_bytes, due});
  return true;
}

std::optional<ReceivedTrain> CellSocketDouble::receive(MutableBytes buffer) {
  if (waiting_.empty()) return std::nullopt;
  const Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  const size_t bytes = std::min(buffer.size(), next.bytes.size());
  std::memcpy(buffer.data(), next.bytes.data(), bytes);
  return ReceivedTrain{bytes, std::min(next.segment_bytes, bytes), bytes < next.bytes.size(), next.arrived,
                       next.lost_before};
}

}  // namespace cuttle
