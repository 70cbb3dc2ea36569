#include "audit/window_plan.hh"

#include <gmock/gmock.h>

#include <set>

#include "audit/pair.hh"

namespace cuttle::audit {
namespace {

using testing::HasSubstr;

capture::Span span(int64_t from_s, int64_t to_s, const char* label) {
  return {Instant{} + seconds(from_s), Instant{} + seconds(to_s), label, 2};
}

TEST(WindowPlan, LongSpansBecomeBlocksWithAWindowBetween) {
  const auto plan = plan_windows({span(0, 62, "idle"), span(70, 80, "busy")}, "s.csv",
                                 {seconds(1), Duration{}, seconds(20)});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->blocks_of(0), 3u);
  EXPECT_EQ(plan->windows_of(0), 60u);
  EXPECT_EQ(plan->blocks_of(1), 1u);
  EXPECT_EQ(plan->windows_of(1), 10u);
  for (size_t i = 1; i < plan->windows.size(); ++i) {
    const Window& before = plan->windows[i - 1];
    const Window& after = plan->windows[i];
    if (before.block == after.block) {
      EXPECT_EQ(before.end, after.start);
    } else {
      EXPECT_GE((after.start - before.end).ns, seconds(1).ns);
    }
  }
}

TEST(WindowPlan, WindowsStayInsideTheirSpan) {
  const std::vector<capture::Span> spans{span(0, 7, "idle"), span(8, 31, "busy"), span(31, 33, "idle")};
  const auto plan = plan_windows(spans, "s.csv", {milliseconds(700), milliseconds(300), seconds(4)});
  ASSERT_TRUE(plan);
  for (const Window& window : plan->windows) {
    const capture::Span* inside = capture::find_span(spans, window.start);
    ASSERT_NE(inside, nullptr);
    EXPECT_EQ(inside->label, plan->labels[window.label]);
    EXPECT_LE(window.end, inside->end);
    EXPECT_GE(window.start, inside->start + milliseconds(300));
  }
}

TEST(WindowPlan, OneClassOrNoWindowIsRefused) {
  const auto one = plan_windows({span(0, 10, "idle"), span(20, 30, "idle")}, "s.csv", {});
  ASSERT_FALSE(one);
  EXPECT_THAT(one.error().message, HasSubstr("s.csv: only one class, `idle`"));
  const auto none =
      plan_windows({span(0, 1, "idle"), span(2, 3, "busy")}, "s.csv", {seconds(2), {}, seconds(20)});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("no span is as long as one window of 2.000 s"));
}

TEST(Folds, ABlockIsNeverDividedAndClassesAreSpreadEvenly) {
  std::vector<capture::Span> spans;
  for (int64_t i = 0; i < 20; ++i) spans.push_back(span(i * 10, i * 10 + 10, i % 2 == 0 ? "idle" : "busy"));
  const auto plan = plan_windows(spans, "s.csv", {});
  ASSERT_TRUE(plan);
  const Pair pair = select_pair(*plan, 0, 1);
  Random random(3);
  const auto folds = deal_folds(pair, 5, random);
  ASSERT_EQ(folds.size(), 20u);
  int in_fold[5][2] = {};
  for (size_t b = 0; b < folds.size(); ++b) ++in_fold[folds[b]][pair.block_labels[b]];
  for (const auto& fold : in_fold) {
    EXPECT_EQ(fold[0], 2);
    EXPECT_EQ(fold[1], 2);
  }
  for (size_t b = 0; b < folds.size(); b += 2)
    EXPECT_EQ(folds[b], folds[b + 1]) << "neighbours, one of each class";
}

TEST(Folds, ARareClassIsInEveryFold) {
  Pair pair;
  for (int i = 0; i < 23; ++i) pair.block_labels.push_back(i % 4 == 0 ? 1 : 0);
  Random random(3);
  const auto folds = deal_folds(pair, 5, random);
  int in_fold[5][2] = {};
  for (size_t b = 0; b < folds.size(); ++b) ++in_fold[folds[b]][pair.block_labels[b]];
  for (const auto& fold : in_fold) {
    EXPECT_GE(fold[0], 3);
    EXPECT_GE(fold[1], 1);
  }
}

TEST(Pair, ShufflingMovesWholeBlocks) {
  std::vector<capture::Span> spans;
  for (int64_t i = 0; i < 20; ++i) spans.push_back(span(i * 10, i * 10 + 10, i % 2 == 0 ? "idle" : "busy"));
  const auto plan = plan_windows(spans, "s.csv", {});
  const Pair pair = select_pair(*plan, 0, 1);
  Random random(3);
  const Pair shuffled = pair.shuffled(random);
  EXPECT_EQ(shuffled.block_of, pair.block_of);
  EXPECT_NE(shuffled.block_labels, pair.block_labels);
  EXPECT_EQ(shuffled.blocks(1), pair.blocks(1));
}

}  // namespace
}  // namespace cuttle::audit
