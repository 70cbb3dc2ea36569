#include "io/udp_double.hh"

#include <sys/eventfd.h>

#include <algorithm>
#include <cstring>

namespace cuttle {

UdpDouble::UdpDouble() : ready_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE)) {}

std::pair<std::unique_ptr<UdpDouble>, std::unique_ptr<UdpDouble>> UdpDouble::create_pair() {
  std::unique_ptr<UdpDouble> one(new UdpDouble);
  std::unique_ptr<UdpDouble> other(new UdpDouble);
  one->peer_ = other.get();
  other->peer_ = one.get();
  return {std::move(one), std::move(other)};
}

void UdpDouble::put(Bytes bytes, size_t segment_bytes) {
  waiting_.push_back({{bytes.begin(), bytes.end()}, segment_bytes});
  eventfd_write(ready_.get(), 1);
}

void UdpDouble::refuse_after(size_t datagrams, int error_number) {
  still_taken_ = datagrams;
  refusal_ = error_number;
}

size_t UdpDouble::send_train(const uint8_t* cells, size_t count, size_t cell_bytes) {
  const size_t taken = std::min(count, still_taken_);
  if (still_taken_ != SIZE_MAX) still_taken_ -= taken;
  send_error_ = taken < count ? refusal_ : 0;
  if (taken > 0) peer_->put({cells, taken * cell_bytes}, cell_bytes);
  return taken;
}

std::optional<ReceivedTrain> UdpDouble::receive(MutableBytes buffer) {
  if (waiting_.empty()) return std::nullopt;
  const Waiting next = std::move(waiting_.front());
  waiting_.pop_front();
  eventfd_t one = 0;
  eventfd_read(ready_.get(), &one);
  const size_t bytes = std::min(buffer.size(), next.bytes.size());
  std::memcpy(buffer.data(), next.bytes.data(), bytes);
  return ReceivedTrain{bytes, std::min(next.segment_bytes, bytes), bytes < next.bytes.size()};
}

}  // namespace cuttle
