// Where a lane's cells leave and arrive: a UDP socket (io/udp.hh), a simulated network's (sim/), or a double
// (cell_socket_double.hh).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "base/time.hh"
#include "engine/instant_rules.hh"

namespace cuttle {

// One or several datagrams of one peer, end to end in the receiver's buffer. All are segment_bytes long; the
// last may be shorter.
struct ReceivedTrain {
  size_t bytes = 0;             // at least 1
  size_t segment_bytes = 0;     // at least 1; equal to bytes for a single datagram
  bool truncated = false;       // the buffer was too small and the rest is lost
  Instant arrived{};            // when it came in, however late it is read; never earlier than the one before
  uint32_t dropped_before = 0;  // packets that the socket had dropped by then, modulo 2^32
};

// What a socket dropped, or did not believe, by itself.
struct SocketDrops {
  uint64_t wrong_size = 0;
  uint64_t buffer_full = 0;  // or the UDP checksum was wrong
  uint64_t icmp_errors_ignored = 0;
};

// One thread may send while another receives, and any may ask what was dropped; no call ever waits.
class CellSocket {
 public:
  CellSocket() = default;
  CellSocket(const CellSocket&) = delete;
  CellSocket& operator=(const CellSocket&) = delete;
  virtual ~CellSocket() = default;

  // --- The sending thread.

  // Sends `count` datagrams of `cell_bytes` each, which lie end to end. Returns how many were taken, from the
  // first on; the rest is lost.
  virtual size_t send_train(const uint8_t* cells, size_t count, size_t cell_bytes) = 0;
  // From now on everything leaves through this interface (its index) whatever the routes say; 0: by the
  // routes.
  virtual void set_way_out(uint32_t interface_index) = 0;
  // From now on everything carries that it is to leave at this instant of the monotonic clock, for a queue of
  // those rules; nothing: none.
  virtual void set_release_instant(std::optional<Instant> /*instant*/, const InstantRules& /*rules*/ = {}) {}
  // Sends what such a queue dropped once more, now and past that queue. Returns how many packets that were;
  // what was a train goes as one.
  virtual size_t send_dropped_again(size_t /*cell_bytes*/) { return 0; }
  // A datagram that makes a frame of `frame_bytes` with its Ethernet header, for a queue that keeps time
  // (release_queue.hh), which nothing beyond lets out. It says when it is due to pass, or nothing. False when
  // it was not taken.
  virtual bool send_pause(size_t frame_bytes, std::optional<Instant> due) = 0;

  // --- The receiving thread.

  // The next train; nullopt when nothing waits. kLargestTrainBytes is always room enough.
  virtual std::optional<ReceivedTrain> receive(MutableBytes buffer) = 0;

  // --- Any thread.

  // False when each datagram of a train goes by itself.
  virtual bool segmentation() const = 0;
  // Whether instants can be set for a queue of those rules.
  virtual bool carries_instants(const InstantRules& /*rules*/) const { return true; }
  virtual SocketDrops drops() const { return {}; }
  // On which CPU what arrived last was brought in; nullopt where that is not known.
  virtual std::optional<uint32_t> arrival_cpu() const { return std::nullopt; }
  // For a driver, to wait on for reading; stays the socket's. -1: there is nothing to wait on.
  virtual int fd() const { return -1; }

 protected:
  CellSocket(CellSocket&&) = default;
  CellSocket& operator=(CellSocket&&) = default;
};

// A train is one IP packet inside the kernel, so it is bounded by IPv4's 16-bit length.
inline constexpr size_t kLargestTrainBytes = 65535;

}  // namespace cuttle
