// The replay window against the slowest thing that could work: a set of all numbers accepted.
#include "link/replay_window.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "base/random.hh"

namespace cuttle {
namespace {

class SlowWindow {
 public:
  ReplayVerdict check(uint32_t n) const {
    if (n == 0) return ReplayVerdict::too_old;
    if (!accepted_.empty() && *accepted_.rbegin() >= n && *accepted_.rbegin() - n >= ReplayWindow::kWindow) {
      return ReplayVerdict::too_old;
    }
    return accepted_.contains(n) ? ReplayVerdict::duplicate : ReplayVerdict::fresh;
  }
  void accept(uint32_t n) { accepted_.insert(n); }

 private:
  std::set<uint32_t> accepted_;
};

// Offers the numbers in turn; those that are fresh are accepted, where `genuine` says so.
template <typename Genuine>
void compare(const std::vector<uint32_t>& numbers, Genuine genuine) {
  ReplayWindow window;
  SlowWindow slow;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Sequence sequence{numbers[i]};
    const ReplayVerdict verdict = window.check(sequence);
    ASSERT_EQ(verdict, slow.check(numbers[i])) << "number " << numbers[i] << ", the " << i << "th offered";
    if (verdict != ReplayVerdict::fresh || !genuine(i)) continue;
    window.accept(sequence);
    slow.accept(numbers[i]);
    ASSERT_EQ(window.check(sequence), ReplayVerdict::duplicate);
  }
}

// Steps forward and back, mostly small, some as long as the window or much longer.
std::vector<uint32_t> walk(uint64_t seed, size_t length, uint32_t start) {
  Random random(seed);
  std::vector<uint32_t> numbers;
  uint64_t at = start;
  for (size_t i = 0; i < length; ++i) {
    constexpr uint64_t kReach[] = {3, 64, 130, ReplayWindow::kWindow, ReplayWindow::kWindow + 130, 1'000'000};
    const uint64_t reach = kReach[random.below(std::size(kReach))];
    const uint64_t step = random.below(reach + 1);
    at = random.chance(0.55) ? at + step : at > step ? at - step : 0;
    at = std::min<uint64_t>(at, UINT32_MAX);
    numbers.push_back(static_cast<uint32_t>(at));
  }
  return numbers;
}

RC_GTEST_PROP(ReplayWindow, AgreesWithASetOfAllNumbers, (std::vector<uint16_t> numbers)) {
  compare({numbers.begin(), numbers.end()}, [](size_t) { return true; });
}

RC_GTEST_PROP(ReplayWindow, AgreesWithASetOnLongWalks, (uint64_t seed)) {
  Random random(seed);
  const uint32_t start =
      random.chance(0.3) ? UINT32_MAX - 20'000 : static_cast<uint32_t>(random.below(30'000));
  compare(walk(seed, 2000, start), [](size_t) { return true; });
}

RC_GTEST_PROP(ReplayWindow, WhatWasNotAuthenticLeavesNoMark, (uint64_t seed)) {
  Random random(seed);
  compare(walk(seed, 1000, 1), [&](size_t) { return random.chance(0.5); });
}

TEST(ReplayWindow, EdgesOfTheWindow) {
  ReplayWindow window;
  constexpr uint32_t kHighest = 3 * ReplayWindow::kWindow;
  window.accept(Sequence{kHighest});
  EXPECT_EQ(window.check(Sequence{kHighest - ReplayWindow::kWindow}), ReplayVerdict::too_old);
  EXPECT_EQ(window.check(Sequence{kHighest - ReplayWindow::kWindow + 1}), ReplayVerdict::fresh);
  EXPECT_EQ(window.check(Sequence{kHighest}), ReplayVerdict::duplicate);
  EXPECT_EQ(window.check(Sequence{kHighest + 1}), ReplayVerdict::fresh);
  EXPECT_EQ(window.check(Sequence{0}), ReplayVerdict::too_old);
  EXPECT_EQ(window.highest(), kHighest);
}

TEST(ReplayWindow, EveryNumberOnceAcrossSeveralWindows) {
  ReplayWindow window;
  for (uint32_t n = 1; n <= 5 * ReplayWindow::kWindow; ++n) {
    ASSERT_EQ(window.check(Sequence{n}), ReplayVerdict::fresh);
    window.accept(Sequence{n});
  }
  for (uint32_t n = 1; n <= 5 * ReplayWindow::kWindow; ++n) {
    ASSERT_NE(window.check(Sequence{n}), ReplayVerdict::fresh) << n;
  }
}

}  // namespace
}  // namespace cuttle
