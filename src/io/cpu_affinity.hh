// Where a real-time thread that reads sockets runs.
//
// Best on the CPU that the kernel brings the datagrams in on: that one is awake, and has them in its cache.
// Left to itself the kernel wakes such a thread on a CPU where nothing of higher priority runs, so each time
// on another than the pacer whose train just came in, and that CPU has to be interrupted and woken first.
//
// Also, the kernel moves a thread that one of higher priority interrupts to another CPU. Where such threads
// are due on every CPU, thousands of times a second, it can be moved so often that it hardly ever runs,
// although the CPUs are idle half of the time. So one that had work all the time and was not run stays where
// it is; and goes back to where the kernel puts it when that did not help.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hh"
#include "io/clock.hh"

namespace cuttle {

class CpuAffinity {
 public:
  // One that always had work and got less than this of a CPU was not run.
  static constexpr int kRunPercent = 80;
  // Windows in a row that bring datagrams in on one CPU before it goes there, and on others before it leaves.
  static constexpr int kAgreed = 5;
  // For so many windows one that was not run does not go to where datagrams come in, and twice as long the
  // next time.
  static constexpr int kStay = 50;
  static constexpr int kLongestStay = 1 << 20;

  // Where it should run; nullopt: where the kernel puts it.
  std::optional<uint32_t> cpu() const { return cpu_; }

  // Once in a while, some milliseconds: where it should run from now on. `use`: of the thread, so far.
  // `here`: where it runs. `arrivals`: on which CPU its datagrams come in, if it is one.
  std::optional<uint32_t> handle_window(Instant now, const ThreadUse& use, uint32_t here,
                                        std::optional<uint32_t> arrivals) {
    const Duration window = now - since_;
    const Duration used = use.cpu - use_.cpu;
    const bool first = since_ == Instant{};
    const bool always_had_work = use.waits == use_.waits;
    since_ = now;
    use_ = use;
    if (first) return cpu_;
    if (always_had_work && used * 100 < window * kRunPercent) {
      handle_not_run(cpu_ ? std::nullopt : std::optional(here));
    } else if (stay_ > 0) {
      --stay_;
    } else if (!cpu_ || follows_) {
      follow(arrivals);
    }
    return cpu_;
  }

  // It may run anywhere again: others found that it was not run at all where it was. Nothing, where it did
  // already.
  void handle_freed() {
    if (cpu_) handle_not_run(std::nullopt);
  }

 private:
  void handle_not_run(std::optional<uint32_t> cpu) {
    cpu_ = cpu;
    agreement_ = 0;
    stay_ = next_stay_;
    if (follows_) next_stay_ = std::min(2 * next_stay_, kLongestStay);
    follows_ = false;
  }

  void follow(std::optional<uint32_t> arrivals) {
    if (arrivals && arrivals == candidate_) {
      agreement_ = std::min(agreement_ + 1, kAgreed);
    } else if (agreement_ > 0) {
      --agreement_;
    } else {
      candidate_ = arrivals;
    }
    if (agreement_ == kAgreed) {
      cpu_ = candidate_;
      follows_ = true;
    } else if (agreement_ == 0 && follows_) {
      cpu_ = std::nullopt;
      follows_ = false;
    }
  }

  std::optional<uint32_t> cpu_;
  bool follows_ = false;  // the datagrams, to cpu_
  std::optional<uint32_t> candidate_;
  int agreement_ = 0;
  int stay_ = 0;
  int next_stay_ = kStay;
  Instant since_{};
  ThreadUse use_{};
};

}  // namespace cuttle
