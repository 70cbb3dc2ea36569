// The draws: read, matched with what was seen, and handed to an attacker.
#include "audit/schedule.hh"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "audit/self_test.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {
namespace {

using testing::HasSubstr;

class Schedule : public testing::Test {
 protected:
  Schedule() {
    folder_ = std::filesystem::temp_directory_path() / ("cuttle-schedule-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~Schedule() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  std::string why(const std::string& text) {
    const auto read = read_schedules({file("s.csv", text)}, nodes_);
    return read ? "was read" : read.error().message;
  }

  std::filesystem::path folder_;
  capture::NodeList nodes_ = *capture::NodeList::parse("a=10.0.0.1,b=10.0.0.2,c=10.0.0.3");
};

TEST_F(Schedule, IsRead) {
  const auto first = file("1.csv", "link,release_ns,cells\na -> b,100,4\na->c,150,5\na -> b,200,6\n");
  const auto second = file("2.csv", "link,release_ns,cells\r\na,100,7\r\n");
  const auto links = read_schedules({first, "b=" + second}, nodes_);
  ASSERT_TRUE(links) << links.error().message;
  ASSERT_EQ(links->size(), 3u);
  EXPECT_EQ(links->at(0).drawn.at_ns, (std::vector<int64_t>{100, 200}));
  EXPECT_EQ(links->at(1).drawn.cells, (std::vector<uint32_t>{5}));
  EXPECT_EQ(links->at(2).ends, (capture::LinkEnds{1, 0}));
  EXPECT_EQ(read_schedules({}, nodes_)->size(), 0u);
  const auto again = read_schedules({file("3.csv", schedules_text(*links, nodes_))}, nodes_);
  EXPECT_EQ(again->at(0).drawn.at_ns, links->at(0).drawn.at_ns);
}

TEST_F(Schedule, WhatIsWrongIsSaidWithFileAndLine) {
  const std::string header = "link,release_ns,cells\n";
  EXPECT_THAT(why("a -> b,1,2\n"), HasSubstr("s.csv:1: expected the header `link,release_ns,cells`"));
  EXPECT_THAT(why(header), HasSubstr("the schedule holds no release"));
  EXPECT_THAT(why(header + "a -> b,1\n"), HasSubstr("s.csv:2: expected three fields"));
  EXPECT_THAT(why(header + "a -> d,1,2\n"), HasSubstr("s.csv:2: `a -> d` is no link between the nodes"));
  EXPECT_THAT(why(header + "b,1,2\n"), HasSubstr("`b` is no link between the nodes"));
  EXPECT_THAT(why(header + "a -> b,1,2\na -> b,x,2\n"),
              HasSubstr("s.csv:3: `a -> b,x,2`: release_ns is no time"));
  EXPECT_THAT(why(header + "a -> b,1,0\n"), HasSubstr("cells is no number above 0"));
  EXPECT_THAT(why(header + "a -> b,5,1\na -> b,4,1\n"), HasSubstr("s.csv:3: `a -> b,4,1`: drawn before"));
  const auto one = file("1.csv", header + "a -> b,1,1\n");
  EXPECT_THAT(read_schedules({one, one}, nodes_).error().message,
              HasSubstr("link a -> b is in a file before"));
  EXPECT_THAT(read_schedules({"no-such-file"}, nodes_).error().message,
              HasSubstr("no-such-file: cannot read"));
}

// Draws of a minute; what is seen of them, in windows of a second: late by 5 us and up to 10 us more, one in
// 200 left out, one in 200 cut in two.
struct Seen {
  Releases drawn;
  std::vector<Releases> windows;
};
Seen make_seen(bool drawn_lengths, int64_t offset_ns, double lag, uint64_t seed) {
  Random random(seed);
  Seen seen;
  seen.windows.resize(60);
  double due = 0;
  while (due < 60e9) {
    const auto cells = static_cast<uint32_t>(drawn_lengths ? 9 + random.below(17) : 17);
    seen.drawn.add(static_cast<int64_t>(due), cells);
    const auto at = static_cast<int64_t>(due * (1 + lag) + 5'000 + random.unit() * 10'000);
    Releases& window = seen.windows[std::min<size_t>(59, static_cast<size_t>(due / 1e9))];
    const bool cut = random.chance(0.005);
    if (!random.chance(0.005)) window.add(at + offset_ns, cut ? cells - 3 : cells);
    if (cut) window.add(at + offset_ns + 40'000, 3);
    due += drawn_lengths ? 60'000.0 * cells : 100'000 + random.unit() * 1.8e6;
  }
  return seen;
}

double typical_error(const std::vector<Lateness>& matched) {
  std::vector<double> errors;
  for (const Lateness& window : matched) {
    for (const double late : window.late_ns) errors.push_back(std::fabs(late));
  }
  std::sort(errors.begin(), errors.end());
  return quantile_of_sorted(errors, 0.95);
}

TEST(MatchDraws, FindsTheOffsetAndTheLateness) {
  for (const bool drawn_lengths : {true, false}) {
    for (const int64_t offset : {int64_t{0}, int64_t{-300'000'000}, int64_t{1'700'000'000'000'000'000}}) {
      const Seen seen = make_seen(drawn_lengths, offset, 0, 1);
      const auto matched = match_draws(seen.windows, seen.drawn, "a -> b");
      ASSERT_TRUE(matched) << matched.error().message;
      ASSERT_EQ(matched->size(), 60u);
      size_t count = 0;
      for (const Lateness& window : *matched) count += window.releases.size();
      EXPECT_GT(count, seen.drawn.size() * 98 / 100) << drawn_lengths << " " << offset;
      EXPECT_LT(typical_error(*matched), 6'000) << drawn_lengths << " " << offset;
    }
  }
}

TEST(MatchDraws, FollowsAQueueThatLags) {
  const Seen seen = make_seen(true, 12'345'678, 1e-4, 1);  // 100 us a second
  const auto matched = match_draws(seen.windows, seen.drawn, "a -> b");
  ASSERT_TRUE(matched) << matched.error().message;
  for (const Lateness& window : *matched) {
    ASSERT_GT(window.late_ns.size(), 900u);
    EXPECT_LT(deviation_of(window.late_ns), 60'000);  // 29 us of lag inside a window
  }
}

TEST(MatchDraws, AnotherCapturesDrawsAreRefused) {
  const Seen seen = make_seen(true, 0, 0, 1);
  const auto other = match_draws(seen.windows, make_seen(true, 0, 0, 2).drawn, "a -> b");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("schedule of a -> b: its gaps and lengths do not occur"));
  const auto few = match_draws(seen.windows, Releases{{1, 2}, {1, 1}, {}}, "a -> b");
  EXPECT_THAT(few.error().message, HasSubstr("2 releases are too few"));
}

TEST_F(Schedule, HandedTheDrawsAnAttackerSeesWhatTheyHide) {
  SyntheticOptions options;
  options.leak = Leak::behind_draws;
  options.drawn_instants = true;
  options.seed = 5;
  const SyntheticTrace trace = synthetic_trace(options);
  AuditOptions audit = synthetic_audit_options(trace, options.seed, 1);
  audit.schedules = {file("drawn.csv", schedules_text(synthetic_schedule(options), trace.nodes))};
  Progress quiet(Progress::Show::no);
  const auto result = run_audit(trace.inputs, trace.spans, "made-up spans", audit, quiet);
  ASSERT_TRUE(result) << result.error().message;
  const PairResult& pair = result->pairs[0];
  EXPECT_EQ(pair.draws.links, 2u);
  EXPECT_LT(pair.all_links.score.accuracy, 0.65);
  EXPECT_GT(pair.draws.attackers[pair.draws.worst].score.accuracy, 0.95);
  EXPECT_LT(pair.draws.permutation.p, 0.03);
}

}  // namespace
}  // namespace cuttle::audit
