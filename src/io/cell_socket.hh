// Where cells leave and arrive: a UDP socket (udp.hh) or its double (udp_double.hh).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "base/time.hh"

namespace cuttle {

// One or several datagrams of one peer, end to end in the receiver's buffer. All are segment_bytes long; the
// last may be shorter.
struct ReceivedTrain {
  size_t bytes = 0;          // at least 1
  size_t segment_bytes = 0;  // at least 1; equal to bytes for a single datagram
  bool truncated = false;    // the buffer was too small and the rest is lost
  Duration waited{};         // since the kernel took it in; 0 where it does not say
};

// One thread may send while another receives; neither call ever waits.
class CellSocket {
 public:
  CellSocket() = default;
  CellSocket(const CellSocket&) = delete;
  CellSocket& operator=(const CellSocket&) = delete;
  virtual ~CellSocket() = default;

  // Sends `count` datagrams of `cell_bytes` each, which lie end to end. Returns how many the kernel took,
  // from the first on; when that is fewer, last_send_error() says why (EAGAIN: no room) and the rest is lost.
  virtual size_t send_train(const uint8_t* cells, size_t count, size_t cell_bytes) = 0;
  // The error number of the latest send_train; 0 when it took all.
  virtual int last_send_error() const = 0;
  // The next train; nullopt when nothing waits. kLargestTrainBytes is always room enough.
  virtual std::optional<ReceivedTrain> receive(MutableBytes buffer) = 0;
  // To wait on for reading; stays the socket's.
  virtual int fd() const = 0;

 protected:
  CellSocket(CellSocket&&) = default;
  CellSocket& operator=(CellSocket&&) = default;
};

// A train is one IP packet inside the kernel, so it is bounded by IPv4's 16-bit length.
inline constexpr size_t kLargestTrainBytes = 65535;

}  // namespace cuttle
