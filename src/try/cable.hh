// What passes the cable between the two nodes, as an observer sees it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/bytes.hh"
#include "base/result.hh"
#include "io/frame_tap.hh"
#include "try/place.hh"

namespace cuttle::trial {

struct CableCounts {
  uint64_t cells_from_a = 0;
  uint64_t cells_from_b = 0;
  uint64_t address_resolution = 0;  // ARP
  uint64_t others = 0;
  std::string first_other;  // what it is
  uint64_t missed = 0;      // by the tap

  uint64_t cells() const { return cells_from_a + cells_from_b; }
};

// Sorts one frame, with its Ethernet header, into the counts.
void count_frame(const Place& place, Bytes frame, CableCounts& counts);

// A thread that looks and counts, as long as this lives.
class Cable {
 public:
  static Result<std::unique_ptr<Cable>> watch(const Place& place);
  Cable(const Place& place, FrameTap tap);
  ~Cable();

  CableCounts counts() const;

 private:
  void look();

  const Place place_;
  FrameTap tap_;
  mutable std::mutex mutex_;
  CableCounts counts_;  // guarded by mutex_
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

}  // namespace cuttle::trial
