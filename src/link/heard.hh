// When authentic cells of a lane came, as its receiver notes it, and the handshakes' thread asks: of an
// instant that is over, so that what it decides depends on what had arrived by then, and not on how soon it
// comes to decide it, or how soon a cell was opened (association.hh).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/time.hh"

namespace cuttle {

class Heard {
 public:
  // The shortest silence that anybody asks for; a shorter one is none.
  static constexpr Duration kSilence = milliseconds(500);

  // The receiver's thread.
  void handle_cell(Instant now) {
    const Instant before = last();
    if (now - before > kSilence) {
      // Odd while they do not belong together.
      changes_.fetch_add(1, std::memory_order_acq_rel);
      silent_from_ns_.store(before.ns, std::memory_order_release);
      silent_until_ns_.store(now.ns, std::memory_order_release);
      changes_.fetch_add(1, std::memory_order_release);
    }
    last_ns_.store(now.ns, std::memory_order_release);
  }

  // Any thread.
  Instant last() const { return {last_ns_.load(std::memory_order_acquire)}; }

  // The last that had come by `at`: where `at` lies in a silence, exactly; else any instant from kSilence
  // before it. Of silences the latest is known: to be asked soon. Any thread.
  Instant by(Instant at) const {
    const Instant last_known = last();
    const Silence silence = latest_silence();
    if (at < silence.until) return std::min(silence.from, at);
    return std::min(std::max(last_known, silence.until), at);
  }

 private:
  struct Silence {
    Instant from;
    Instant until;
  };
  Silence latest_silence() const {
    for (;;) {
      const uint32_t before = changes_.load(std::memory_order_acquire);
      const Silence silence{{silent_from_ns_.load(std::memory_order_acquire)},
                            {silent_until_ns_.load(std::memory_order_acquire)}};
      if (before % 2 == 0 && changes_.load(std::memory_order_acquire) == before) return silence;
    }
  }

  std::atomic<int64_t> last_ns_{INT64_MIN / 2};
  std::atomic<uint32_t> changes_{0};
  std::atomic<int64_t> silent_from_ns_{INT64_MIN / 2};
  std::atomic<int64_t> silent_until_ns_{INT64_MIN / 2};
};

}  // namespace cuttle
