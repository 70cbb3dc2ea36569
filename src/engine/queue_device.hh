// The device whose queue keeps time (release_queue.hh), as whoever hands trains to it sees it: a clock device
// of the kernel's (io/clock_view.hh) or a simulated one (sim/).
#pragma once

#include <cstdint>
#include <optional>

#include "link/queue_watch.hh"

namespace cuttle {

// How much later than planned what a queue let pass came by, since it was set up.
struct QueueLateness {
  uint64_t count = 0;
  Duration p50{};
  Duration p99{};
  Duration p999{};
  // Of those below a millisecond; the square root of the variance.
  Duration deviation{};
};

class QueueDevice {
 public:
  QueueDevice() = default;
  QueueDevice(const QueueDevice&) = delete;
  QueueDevice& operator=(const QueueDevice&) = delete;
  virtual ~QueueDevice() = default;

  // --- Any thread.

  // The interface that leads into it; another one when it was set up again.
  virtual uint32_t index() const = 0;
  // Of what it let pass; nullopt where that cannot be read.
  virtual std::optional<QueueCounts> counts() const = 0;

  // --- Control thread, for the status.

  virtual QueueLateness lateness() const { return {}; }
};

}  // namespace cuttle
