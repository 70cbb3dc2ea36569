// What the data path allocates, and what the simulated surroundings do for it meanwhile, which does not
// count.
#pragma once

#include <cstdint>

namespace cuttle::sim {

// How many allocations the process made so far. Where nobody counts, always 0.
using AllocationProbe = uint64_t (*)();

class Allocations {
 public:
  explicit Allocations(AllocationProbe probe) : probe_(probe) {}
  uint64_t now() const { return probe_() - excused_; }

  // As long as it lives.
  class Excuse {
   public:
    explicit Excuse(Allocations& all) : all_(all), before_(all.probe_()) {}
    ~Excuse() { all_.excused_ += all_.probe_() - before_; }
    Excuse(const Excuse&) = delete;
    Excuse& operator=(const Excuse&) = delete;

   private:
    Allocations& all_;
    uint64_t before_;
  };

 private:
  AllocationProbe probe_;
  uint64_t excused_ = 0;
};

}  // namespace cuttle::sim
