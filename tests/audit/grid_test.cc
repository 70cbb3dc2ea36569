// The grid that a shape implies, and what is computed from the distances to it.
#include <gmock/gmock.h>

#include <cmath>

#include "audit/residual_table.hh"
#include "audit/statistics.hh"
#include "base/random.hh"

namespace cuttle::audit {
namespace {

// Trains of drawn lengths; each `gap_ns_a_cell` behind the one before for each cell of that, and late by up
// to `late_ns`.
Releases drawn_trains(double gap_ns_a_cell, double late_ns, uint64_t seed, size_t count = 400) {
  Random random(seed);
  Releases releases;
  double due = 1e9;
  for (size_t i = 0; i < count; ++i) {
    const auto cells = static_cast<uint32_t>(9 + random.below(17));
    releases.add(static_cast<int64_t>(due + random.unit() * late_ns), cells);
    due += gap_ns_a_cell * cells;
  }
  return releases;
}

TEST(Grid, GapsThatGoWithTheLengthsLeaveNothing) {
  const GridFit fit = fit_grid(drawn_trains(60'000, 0, 1));
  EXPECT_NEAR(fit.ns_a_cell_more, 60'000, 1);
  EXPECT_NEAR(fit.ns_a_cell, 60'000, 1);
  for (const double residual : fit.residuals_ns) EXPECT_NEAR(residual, 0, 2);
}

TEST(Grid, LatenessIsWhatIsLeft) {
  const GridFit fit = fit_grid(drawn_trains(60'000, 10'000, 1));
  EXPECT_NEAR(deviation_of(fit.residuals_ns), 10'000 / std::sqrt(12.0), 300);
  // The gaps themselves are thirty times as wide.
}

TEST(Grid, GapsThatGoWithATrainsOwnLengthFitToo) {
  Random random(2);
  Releases releases;
  int64_t due = 0;
  for (int i = 0; i < 400; ++i) {
    const auto cells = static_cast<uint32_t>(9 + random.below(17));
    due += 60'000 * cells;
    releases.add(due, cells);
  }
  for (const double residual : fit_grid(releases).residuals_ns) EXPECT_NEAR(residual, 0, 2);
}

TEST(Grid, EqualTrainsHaveAGridOfTheirOwn) {
  Releases releases;
  for (int i = 0; i < 200; ++i) releases.add(250'000 * i, 4);
  const GridFit fit = fit_grid(releases);
  EXPECT_NEAR(fit.ns_a_train, 250'000, 1e-3);
  EXPECT_NEAR(fit.ns_a_cell, 62'500, 1e-3);
  EXPECT_EQ(fit.ns_a_cell_more, 0);
}

TEST(Grid, AFewVeryLateReleasesDoNotBendIt) {
  Releases releases = drawn_trains(60'000, 1'000, 3);
  for (size_t i = 350; i < 400; i += 10) releases.at_ns[i] += 5'000'000;
  const GridFit fit = fit_grid(releases);
  EXPECT_NEAR(fit.residuals_ns[350], 5'000'000, 20'000);
  EXPECT_NEAR(fit.residuals_ns[0], 0, 20'000);
}

TEST(Grid, TooFewToFit) {
  EXPECT_TRUE(fit_grid(drawn_trains(60'000, 0, 1, 15)).residuals_ns.empty());
  EXPECT_TRUE(fit_grid({}).residuals_ns.empty());
}

TEST(Grid, ThePaceOfABlockIsThatOfItsWindowsTogether) {
  const Releases all = drawn_trains(60'000 * (1 + 20e-6), 0, 4, 4'000);
  std::vector<Releases> windows(4);
  for (size_t i = 0; i < all.size(); ++i) windows[i / 1'000].add(all.at_ns[i], all.cells[i]);
  const Pace pace = pace_of({&windows[0], &windows[1], &windows[2], &windows[3]});
  EXPECT_NEAR(pace.ns_a_cell, 60'001.2, 0.01);
  EXPECT_EQ(pace_of({}).ns_a_cell, 0);
}

TEST(Grid, LinksOfOneSenderAreMergedInTheOrderOfTime) {
  Releases a;
  a.add(10, 1);
  a.add(30, 3);
  Releases b;
  b.add(20, 2);
  const Releases merged = merge_links({&a, &b});
  EXPECT_EQ(merged.at_ns, (std::vector<int64_t>{10, 20, 30}));
  EXPECT_EQ(merged.cells, (std::vector<uint32_t>{1, 2, 3}));
  EXPECT_EQ(merged.link, (std::vector<uint16_t>{0, 1, 0}));
}

TEST(Grid, EveryWindowHasAsManyFeatures) {
  std::vector<std::string> names;
  const Releases releases = drawn_trains(60'000, 0, 1);
  const auto full = residual_features(releases, fit_grid(releases).residuals_ns, 0, &names);
  EXPECT_EQ(full.size(), names.size());
  EXPECT_EQ(residual_features({}, {}, 1e6, nullptr).size(), names.size());
}

}  // namespace
}  // namespace cuttle::audit
