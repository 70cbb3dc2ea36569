#include "io/cpu_affinity.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

constexpr std::optional<uint32_t> kAnywhere;
constexpr uint32_t kHere = 3;  // where the thread runs

// Windows of 20 ms: what the thread used of each, how often it waited in it, where its datagrams came in.
class CpuAffinityTest : public testing::Test {
 protected:
  CpuAffinityTest() { after_window(milliseconds(0), 0); }

  std::optional<uint32_t> after_window(Duration used, uint64_t waits, std::optional<uint32_t> arrivals = {}) {
    now_ = now_ + milliseconds(20);
    use_.cpu = use_.cpu + used;
    use_.waits += waits;
    return affinity_.handle_window(now_, use_, kHere, arrivals);
  }
  std::optional<uint32_t> after_windows(int count, std::optional<uint32_t> arrivals,
                                        Duration used = milliseconds(2)) {
    for (int i = 1; i < count; ++i) after_window(used, 100, arrivals);
    return after_window(used, 100, arrivals);
  }

  CpuAffinity affinity_;
  Instant now_{seconds(100).ns};
  ThreadUse use_;
};

TEST_F(CpuAffinityTest, one_that_waits_or_works_may_run_anywhere) {
  EXPECT_EQ(affinity_.cpu(), kAnywhere) << "the first window has no beginning";
  EXPECT_EQ(after_window(milliseconds(2), 200), kAnywhere);
  EXPECT_EQ(after_window(milliseconds(2), 1), kAnywhere);
  EXPECT_EQ(after_window(milliseconds(19), 0), kAnywhere) << "as busy as can be";
}

TEST_F(CpuAffinityTest, one_that_always_had_work_and_hardly_ran_stays_where_it_is) {
  EXPECT_EQ(after_window(milliseconds(2), 0), kHere);
  EXPECT_EQ(after_windows(100, {}), kHere) << "for as long as that helps";
  EXPECT_EQ(after_window(milliseconds(19), 0), kHere);
  EXPECT_EQ(after_window(milliseconds(2), 0), kAnywhere) << "it no longer helps";
  EXPECT_EQ(after_window(milliseconds(2), 0), kHere);
}

TEST_F(CpuAffinityTest, goes_to_where_datagrams_come_in) {
  EXPECT_EQ(after_windows(CpuAffinity::kAgreed, 1), kAnywhere) << "not at once";
  EXPECT_EQ(after_windows(1, 1), 1U);
  EXPECT_EQ(after_windows(CpuAffinity::kAgreed - 1, 0), 1U) << "nor does it leave at once";
  EXPECT_EQ(after_windows(1, 0), kAnywhere);
  EXPECT_EQ(after_windows(1 + CpuAffinity::kAgreed, 0), 0U);
  EXPECT_EQ(after_windows(CpuAffinity::kAgreed, {}), kAnywhere) << "nobody knows where";
}

TEST_F(CpuAffinityTest, goes_nowhere_while_they_come_in_on_many_cpus) {
  for (uint32_t i = 0; i < 100; ++i) EXPECT_EQ(after_window(milliseconds(2), 100, i % 2), kAnywhere);
}

TEST_F(CpuAffinityTest, leaves_where_it_is_not_run_and_stays_away_longer_each_time) {
  after_windows(10, 1);
  ASSERT_EQ(affinity_.cpu(), 1U);
  for (int stay = CpuAffinity::kStay; stay <= 4 * CpuAffinity::kStay; stay *= 2) {
    EXPECT_EQ(after_window(milliseconds(2), 0, 1), kAnywhere);
    EXPECT_EQ(after_windows(stay + CpuAffinity::kAgreed - 1, 1), kAnywhere);
    EXPECT_EQ(after_windows(2, 1), 1U);
  }
  affinity_.handle_freed();
  EXPECT_EQ(affinity_.cpu(), kAnywhere);
  EXPECT_EQ(after_windows(8 * CpuAffinity::kStay, 1), kAnywhere);
}

TEST_F(CpuAffinityTest, one_that_is_run_where_it_stays_does_not_go_elsewhere) {
  ASSERT_EQ(after_window(milliseconds(2), 0), kHere);
  EXPECT_EQ(after_windows(1000, 1), kHere);
}

}  // namespace
}  // namespace cuttle
