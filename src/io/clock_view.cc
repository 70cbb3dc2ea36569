#include "io/clock_view.hh"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "io/clock_program.hh"

namespace cuttle {

namespace {

constexpr size_t kBytes = kLateMapCounts * sizeof(uint64_t);

}  // namespace

LateCounts::LateCounts(const FileDescriptor& map) {
  void* memory = ::mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, map.get(), 0);
  if (memory != MAP_FAILED) counts_ = static_cast<const uint64_t*>(memory);
}

LateCounts::~LateCounts() {
  if (counts_ != nullptr) ::munmap(const_cast<uint64_t*>(counts_), kBytes);
}

std::optional<QueueCounts> ClockView::counts() const {
  const uint64_t* counts = counts_.load(std::memory_order_acquire);
  if (counts == nullptr) return std::nullopt;
  const auto read = [&](size_t place) { return __atomic_load_n(counts + place, __ATOMIC_RELAXED); };
  return QueueCounts{read(kPassedPlace), read(kEarlyPlace), {static_cast<int64_t>(read(kLastLatePlace))}};
}

QueueLateness ClockView::lateness() const {
  QueueLateness lateness;
  const uint64_t* late = counts_.load(std::memory_order_relaxed);
  if (late == nullptr) return lateness;
  std::vector<uint64_t> counts(late, late + kLateBuckets);  // the kernel goes on counting
  double sum = 0;
  double squares = 0;
  uint64_t below_last = 0;
  for (size_t i = 0; i < kLateBuckets; ++i) {
    lateness.count += counts[i];
    if (i + 1 == kLateBuckets) break;
    const double at = static_cast<double>(i) + 0.5;
    below_last += counts[i];
    sum += at * static_cast<double>(counts[i]);
    squares += at * at * static_cast<double>(counts[i]);
  }
  const auto at_share = [&](double share) {
    const auto rank = static_cast<uint64_t>(share * static_cast<double>(lateness.count));
    uint64_t seen = 0;
    for (size_t i = 0; i < kLateBuckets; ++i) {
      seen += counts[i];
      if (seen > rank) return Duration{static_cast<int64_t>(i) << kLateUnitLog2};
    }
    return Duration{};
  };
  lateness.p50 = at_share(0.5);
  lateness.p99 = at_share(0.99);
  lateness.p999 = at_share(0.999);
  if (below_last > 0) {
    const double mean = sum / static_cast<double>(below_last);
    const double variance = squares / static_cast<double>(below_last) - mean * mean;
    const double unit_ns = static_cast<double>(uint64_t{1} << kLateUnitLog2);
    lateness.deviation = {static_cast<int64_t>(std::sqrt(std::max(variance, 0.0)) * unit_ns)};
  }
  return lateness;
}

}  // namespace cuttle
