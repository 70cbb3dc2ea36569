#include "sim/sim_socket.hh"

#include <algorithm>
#include <cstring>

#include "link/slot_plan.hh"

namespace cuttle::sim {

namespace {

// Dropping a datagram of another size.
constexpr Duration kFilter = nanoseconds(80);

}  // namespace

// The kernel has taken these cells: they leave one after the other whatever happens to the process.
size_t SimSocket::send_train(const uint8_t* cells, size_t count, size_t cell_bytes) {
  const Allocations::Excuse excuse(host_.allocations);
  if (closed_) host_.checker.fail(7, "cells were sent after their link ended");
  Instant first = host_.loop.now();
  size_t sent = 0;
  if (by_queue_ && host_.queue != nullptr) {
    const size_t calls = max_cells_per_call(static_cast<uint32_t>(cell_bytes));
    const Instant leaves = host_.queue->put_train((count + calls - 1) / calls, host_.local_now());
    first = std::max(first, host_.clock.global(leaves));
  } else if (release_instant_ && host_.instant_queue != nullptr) {
    const Instant leaves = host_.instant_queue->put_train(*release_instant_, host_.local_now());
    first = std::max({first, last_left_, host_.clock.global(leaves)});
    last_left_ = first;
  } else {
    host_.network.send(own_, peer_, lane_, {cells, cell_bytes});
    sent = 1;
  }
  for (; sent < count; ++sent) {
    const uint8_t* cell = cells + sent * cell_bytes;
    auto copy = std::make_shared<std::vector<uint8_t>>(cell, cell + cell_bytes);
    host_.loop.at(first + host_.cost.send_cell * static_cast<int64_t>(sent),
                  [&network = host_.network, from = own_, to = peer_, lane = lane_, copy] {
                    network.send(from, to, lane, *copy);
                  });
  }
  return count;
}

bool SimSocket::send_pause(size_t frame_bytes, std::optional<Instant> due) {
  const Allocations::Excuse excuse(host_.allocations);
  if (host_.queue != nullptr) host_.queue->put_pause(frame_bytes, due, host_.local_now());
  return true;
}

bool SimSocket::put(SimNetwork::SharedBytes bytes) {
  if (waiting_.size() == kBufferDatagrams) {
    ++dropped_;
    return false;
  }
  waiting_.push_back({std::move(bytes), host_.local_now(), dropped_});
  return true;
}

std::optional<ReceivedTrain> SimSocket::receive(MutableBytes buffer) {
  received_datagrams_ = 0;
  if (waiting_.empty()) return std::nullopt;
  const Instant arrived = waiting_.front().arrived;
  ReceivedTrain train{.segment_bytes = waiting_.front().bytes->size(),
                      .arrived = host_.stamps_when_read ? host_.local_now() : arrived,
                      .dropped_before = waiting_.front().dropped_before};
  received_bytes_each_ = train.segment_bytes;
  while (!waiting_.empty()) {
    const Waiting& next = waiting_.front();
    const bool fits = next.bytes->size() == train.segment_bytes && next.arrived - arrived <= kTogether &&
                      next.dropped_before == train.dropped_before &&
                      train.bytes + train.segment_bytes <= buffer.size();
    if (!fits) break;
    std::memcpy(buffer.data() + train.bytes, next.bytes->data(), train.segment_bytes);
    train.bytes += train.segment_bytes;
    waiting_.pop_front();
    ++received_datagrams_;
  }
  return train;
}

Duration SimSocket::cost_of_received(size_t cell_bytes) const {
  const Duration each = received_bytes_each_ == cell_bytes ? host_.cost.open_cell : kFilter;
  return each * static_cast<int64_t>(received_datagrams_);
}

}  // namespace cuttle::sim
