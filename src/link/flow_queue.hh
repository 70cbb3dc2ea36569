// Where packets wait for room in the slot ring: one queue a flow, served in the order of start tags, so that
// busy flows share byte by byte and one with little to send does not wait behind them (Goyal, Vin, Cheng,
// "Start-time Fair Queueing", SIGCOMM 1996). Where tags are nearly equal the shortest packet goes first: here
// packets are up to 64 KiB, and a small one should not wait behind one of every busy flow.
//
// Bounded: when all memory is used, the packet that waited longest in the flow that holds most is dropped and
// counted, so the flow that is too fast hears of it first. Nothing is allocated after construction. One
// thread (the packer's); the counter may be read by any.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hh"
#include "base/counter.hh"
#include "wire/flow_hash.hh"

namespace cuttle {

class FlowQueue {
 public:
  // The longest packet that poll_room has room for.
  static constexpr size_t kRoomBytes = 66 * 1024;
  static constexpr size_t kRoomPieces = 33;
  // What a flow may be ahead of its share and still count as equal: a packet of an ordinary MTU.
  static constexpr uint64_t kSlackBytes = 1514;

  // `limit_bytes` of packets may wait, at least one of the longest. `seed`: of the flows' hash.
  FlowQueue(size_t limit_bytes, uint64_t seed);

  // From now on no more than that waits, nor more than what it was made for; what is too much goes when the
  // next packet comes.
  void set_limit(size_t limit_bytes) {
    const size_t max = chunks_ - kRoomChunks;
    kept_free_ = max - std::clamp(limit_bytes / kChunkBytes, kRoomChunks, max);
  }

  bool empty() const { return busy_.empty(); }
  // Packet memory in use.
  size_t waiting_bytes() const { return (chunks_ - kRoomChunks - free_.size()) * kChunkBytes; }

  // Of the packets that wait.
  size_t packet_bytes() const { return packet_bytes_; }

  // Whether a packet of so many bytes can wait without another one being dropped for it.
  bool has_room(size_t bytes) const { return free_.size() >= chunks_of(bytes) + kept_free_; }

  // Room for a packet, always there. What is written to it waits once handle_packet said how long it is.
  std::span<const iovec> poll_room() const { return room_; }
  void handle_packet(size_t bytes);
  void handle_copy(Bytes packet) { handle_copy(packet, std::nullopt); }
  // As one of that flow, whatever is in it.
  void handle_copy(Bytes packet, std::optional<uint32_t> flow);

  static constexpr size_t kFlows = 256;
  // Of the packet that begins so; and whether any of that flow waits.
  uint32_t flow_of(Bytes beginning) const {
    return static_cast<uint32_t>(wire::flow_hash(beginning, seed_) % kFlows);
  }
  bool waits(uint32_t flow) const { return flows_[flow].head != kNone; }

  // The packet whose turn it is, in pieces; empty when none waits. Valid until the next call of anything
  // else.
  std::span<const iovec> poll_front();
  // The packet of poll_front() has left.
  void handle_taken();

  uint64_t packets_dropped() const { return packets_dropped_.value(); }

 private:
  using Chunk = uint32_t;
  static constexpr Chunk kNone = UINT32_MAX;
  static constexpr size_t kChunkBytes = 2048;
  static constexpr size_t kRoomChunks = kRoomPieces;
  static_assert(kRoomChunks * kChunkBytes == kRoomBytes);

  // A packet is a chain of chunks and goes by its first one.
  struct ChunkState {
    Chunk next_of_packet = kNone;
    Chunk next_packet = kNone;  // of the same flow; of a first chunk only
    uint32_t packet_bytes = 0;  // likewise
  };
  // Tags count bytes that a flow would have sent, had all had the same share.
  struct Flow {
    Chunk head = kNone;
    Chunk tail = kNone;
    uint32_t chunks = 0;
    uint64_t start = 0;   // tag of the packet at the head
    uint64_t finish = 0;  // of the last packet taken
  };

  static size_t chunks_of(size_t bytes) { return (bytes + kChunkBytes - 1) / kChunkBytes; }
  uint8_t* memory_of(Chunk chunk) { return memory_.get() + size_t{chunk} * kChunkBytes; }
  void handle_packet(size_t bytes, uint32_t flow);
  void append(Flow& flow, Chunk packet);
  uint32_t next_flow() const;
  Chunk take_head(uint32_t index);
  void free_packet(Chunk packet);
  void drop_from_longest();
  void refill_room();

  size_t chunks_;
  size_t kept_free_ = 0;
  uint64_t seed_;
  std::unique_ptr<uint8_t[]> memory_;
  std::vector<ChunkState> states_;
  std::vector<Chunk> free_;
  std::array<Chunk, kRoomChunks> room_chunks_;
  std::array<iovec, kRoomChunks> room_;
  std::array<iovec, kRoomChunks> front_;
  std::array<Flow, kFlows> flows_;
  std::vector<uint32_t> busy_;  // flows with packets
  size_t packet_bytes_ = 0;
  uint64_t virtual_time_ = 0;  // start tag of the packet taken last
  uint64_t latest_finish_ = 0;
  uint32_t front_flow_ = kFlows;  // whose packet poll_front showed
  Counter packets_dropped_;
};

}  // namespace cuttle
