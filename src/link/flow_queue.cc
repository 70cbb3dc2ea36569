#include "link/flow_queue.hh"

#include <algorithm>
#include <cstring>

#include "base/check.hh"

namespace cuttle {

FlowQueue::FlowQueue(size_t limit_bytes, uint64_t seed)
    : chunks_(kRoomChunks + std::max(limit_bytes / kChunkBytes, kRoomChunks)),
      seed_(seed),
      memory_(std::make_unique<uint8_t[]>(chunks_ * kChunkBytes)),
      states_(chunks_) {
  free_.reserve(chunks_);
  busy_.reserve(kFlows);
  for (size_t i = chunks_; i > 0; --i) free_.push_back(static_cast<Chunk>(i - 1));
  room_chunks_.fill(kNone);
  refill_room();
}

void FlowQueue::append(Flow& flow, Chunk packet) {
  if (flow.head == kNone) {
    flow.head = packet;
  } else {
    states_[flow.tail].next_packet = packet;
  }
  flow.tail = packet;
}

FlowQueue::Chunk FlowQueue::take_head(uint32_t index) {
  Flow& flow = flows_[index];
  const Chunk packet = flow.head;
  packet_bytes_ -= states_[packet].packet_bytes;
  flow.head = states_[packet].next_packet;
  flow.chunks -= static_cast<uint32_t>(chunks_of(states_[packet].packet_bytes));
  if (flow.head == kNone) {
    *std::find(busy_.begin(), busy_.end(), index) = busy_.back();
    busy_.pop_back();
  }
  return packet;
}

void FlowQueue::free_packet(Chunk packet) {
  for (Chunk chunk = packet; chunk != kNone; chunk = states_[chunk].next_of_packet) free_.push_back(chunk);
}

void FlowQueue::drop_from_longest() {
  const auto longest = std::max_element(busy_.begin(), busy_.end(), [this](uint32_t a, uint32_t b) {
    return flows_[a].chunks < flows_[b].chunks;
  });
  CUTTLE_CHECK(longest != busy_.end(), "all memory but the room's is in packets that wait");
  free_packet(take_head(*longest));
  packets_dropped_.add();
}

void FlowQueue::refill_room() {
  for (size_t i = 0; i < kRoomChunks; ++i) {
    if (room_chunks_[i] != kNone) continue;
    while (free_.size() <= kept_free_ && !busy_.empty()) drop_from_longest();
    CUTTLE_CHECK(!free_.empty(), "all memory but the room's is in packets that wait");
    room_chunks_[i] = free_.back();
    free_.pop_back();
    room_[i] = {memory_of(room_chunks_[i]), kChunkBytes};
  }
}

void FlowQueue::handle_packet(size_t bytes) {
  CUTTLE_CHECK(bytes > 0 && bytes <= kRoomBytes, "a packet that fits the room");
  handle_packet(bytes, flow_of({memory_of(room_chunks_[0]), std::min(bytes, kChunkBytes)}));
}

void FlowQueue::handle_packet(size_t bytes, uint32_t index) {
  const Chunk packet = room_chunks_[0];
  Flow& flow = flows_[index];

  const size_t used = chunks_of(bytes);
  for (size_t i = 0; i < used; ++i) {
    const bool last = i + 1 == used;
    states_[room_chunks_[i]] = {last ? kNone : room_chunks_[i + 1], kNone, 0};
  }
  states_[packet].packet_bytes = static_cast<uint32_t>(bytes);
  std::fill_n(room_chunks_.begin(), used, kNone);

  if (flow.head == kNone) {
    busy_.push_back(index);
    flow.start = std::max(virtual_time_, flow.finish);
  }
  append(flow, packet);
  packet_bytes_ += bytes;
  flow.chunks += static_cast<uint32_t>(used);
  refill_room();
}

void FlowQueue::handle_copy(Bytes packet, std::optional<uint32_t> flow) {
  for (size_t done = 0, i = 0; done < packet.size(); ++i) {
    const size_t piece = std::min(packet.size() - done, kChunkBytes);
    std::memcpy(room_[i].iov_base, packet.data() + done, piece);
    done += piece;
  }
  if (flow) {
    handle_packet(packet.size(), *flow);
  } else {
    handle_packet(packet.size());
  }
}

// Of those nearly as early as the earliest, the one with the shortest packet.
uint32_t FlowQueue::next_flow() const {
  uint64_t earliest = UINT64_MAX;
  for (const uint32_t index : busy_) earliest = std::min(earliest, flows_[index].start);
  uint32_t best = kFlows;
  uint32_t best_bytes = UINT32_MAX;
  for (const uint32_t index : busy_) {
    const uint32_t bytes = states_[flows_[index].head].packet_bytes;
    if (flows_[index].start <= earliest + kSlackBytes && bytes < best_bytes) {
      best = index;
      best_bytes = bytes;
    }
  }
  return best;
}

std::span<const iovec> FlowQueue::poll_front() {
  if (busy_.empty()) return {};
  front_flow_ = next_flow();
  const Flow& flow = flows_[front_flow_];
  size_t left = states_[flow.head].packet_bytes;
  size_t pieces = 0;
  for (Chunk chunk = flow.head; chunk != kNone; chunk = states_[chunk].next_of_packet) {
    const size_t piece = std::min(left, kChunkBytes);
    front_[pieces++] = {memory_of(chunk), piece};
    left -= piece;
  }
  return std::span(front_).first(pieces);
}

void FlowQueue::handle_taken() {
  CUTTLE_CHECK(front_flow_ != kFlows, "poll_front showed a packet");
  Flow& flow = flows_[front_flow_];
  const Chunk packet = take_head(front_flow_);
  front_flow_ = kFlows;
  virtual_time_ = std::max(virtual_time_, flow.start);
  flow.finish = flow.start + states_[packet].packet_bytes;
  flow.start = flow.finish;
  latest_finish_ = std::max(latest_finish_, flow.finish);
  // Nobody waits: what anyone had more than others is forgotten.
  if (busy_.empty()) virtual_time_ = latest_finish_;
  free_packet(packet);
}

}  // namespace cuttle
