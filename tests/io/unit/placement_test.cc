#include "io/placement.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

// Windows of 20 ms: what the thread used of each, and how often it waited in it.
class PlacementTest : public testing::Test {
 protected:
  Place after_window(Duration used, uint64_t waits) {
    now_ = now_ + milliseconds(20);
    use_.cpu = use_.cpu + used;
    use_.waits += waits;
    return placement_.handle_window(now_, use_);
  }

  Placement placement_;
  Instant now_{seconds(100).ns};
  ThreadUse use_;
};

TEST_F(PlacementTest, one_that_waits_or_works_may_run_anywhere) {
  EXPECT_EQ(after_window(milliseconds(0), 0), Place::anywhere) << "the first window has no beginning";
  EXPECT_EQ(after_window(milliseconds(2), 200), Place::anywhere);
  EXPECT_EQ(after_window(milliseconds(2), 1), Place::anywhere);
  EXPECT_EQ(after_window(milliseconds(19), 0), Place::anywhere) << "as busy as can be";
}

TEST_F(PlacementTest, one_that_always_had_work_and_hardly_ran_stays_where_it_is) {
  after_window(milliseconds(0), 0);
  EXPECT_EQ(after_window(milliseconds(2), 0), Place::here);
  EXPECT_EQ(after_window(milliseconds(5), 100), Place::here) << "for as long as that helps";
  EXPECT_EQ(after_window(milliseconds(19), 0), Place::here);
  EXPECT_EQ(after_window(milliseconds(2), 0), Place::anywhere) << "it no longer helps";
  EXPECT_EQ(after_window(milliseconds(2), 0), Place::here);
}

}  // namespace
}  // namespace cuttle
