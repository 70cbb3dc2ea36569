// Which rate is advised for a load, and how it is said.
#include "plan/advice.hh"

#include <gmock/gmock.h>

#include "burst.hh"
#include "plan/output.hh"

namespace cuttle::plan {
namespace {

using testing::HasSubstr;

TEST(Figures, MeanAndPeakAreTheOnesAskedFor) {
  Figures figures;
  figures.peak_bps = 400'000'000;
  figures.mean_bps = 40'000'000;
  const LinkLoad load = load_of_figures(figures);
  EXPECT_NEAR(static_cast<double>(load.mean_bps()), 4e7, 1e7);
  EXPECT_NEAR(static_cast<double>(load.peak_bps(milliseconds(20))), 4e8, 3e7);
}

TEST(Advice, TheLowestRateThatIsGoodEnough) {
  Wanted wanted;
  wanted.rates_bps = {400'000'000, 50'000'000, 100'000'000, 200'000'000};
  wanted.latency = milliseconds(70);
  const auto advice = advise(burst(1000, 1400), wanted, capacity::HostCosts{.cpus = 8});
  ASSERT_TRUE(advice) << advice.error().message;
  ASSERT_TRUE(advice->recommended);
  EXPECT_EQ(advice->options[*advice->recommended].shape.rate_bps, 200'000'000u);
  EXPECT_NEAR(advice->options[*advice->recommended].bytes_a_day, 2.16e12, 1e9);
  wanted.latency = microseconds(1);
  EXPECT_FALSE(advise(burst(1000, 1400), wanted, capacity::HostCosts{.cpus = 8})->recommended);
}

TEST(Advice, RatesSurroundTheLoad) {
  Figures figures;
  figures.peak_bps = 400'000'000;
  figures.mean_bps = 30'000'000;
  const LinkLoad load = load_of_figures(figures);
  const auto rates = rates_to_try(load);
  ASSERT_FALSE(rates.empty());
  EXPECT_LE(rates.size(), 7u);
  EXPECT_GT(rates.front(), load.mean_bps());
  EXPECT_GT(rates.back(), 400'000'000u);
}

TEST(Output, TextPageAndJsonSayTheSame) {
  Wanted wanted;
  wanted.rates_bps = {200'000'000};
  const LinkLoad load = burst(10, 1400);
  const Planned planned{load, wanted, *advise(load, wanted, capacity::HostCosts{.cpus = 8})};
  EXPECT_THAT(to_string(planned), HasSubstr("recommended"));
  EXPECT_THAT(to_json(planned), HasSubstr("\"recommended_rate_bps\": 200000000"));
  EXPECT_THAT(to_page(planned), HasSubstr("<svg"));
}

}  // namespace
}  // namespace cuttle::plan
