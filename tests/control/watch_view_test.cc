// The live view: rates from two snapshots, colours only where they are wanted, no line beyond the width.
#include "control/watch_view.hh"

#include <gmock/gmock.h>

#include <sstream>

namespace cuttle {
namespace {

using testing::HasSubstr;
using testing::Not;

StatusSnapshot at(uint64_t second) {
  StatusSnapshot status;
  status.node = "osd0";
  status.realtime = true;
  LinkStatus& link = status.links.emplace_back();
  link.name = "mon";
  link.state = "up";
  link.cells_sent = 10'000 * second;
  link.cells_sent_dummy = 7'500 * second;
  link.bytes_sent = 1'000'000 * second;
  link.drops["cell_replayed"] = 3 * second;
  link.deadlines_missed = 2 * second;
  return status;
}

TEST(WatchView, RatesAreOfTheTimeBetween) {
  const std::string text = render_watch(at(10), at(12), seconds(2), {});
  EXPECT_THAT(text, HasSubstr("[#####...............]"));
  EXPECT_THAT(text, HasSubstr("25 %"));
  EXPECT_THAT(text, HasSubstr("8 Mb/s"));
  EXPECT_THAT(text, HasSubstr("10,000"));
}

TEST(WatchView, AnAgentThatStartedAnewShowsNoRates) {
  EXPECT_THAT(render_watch(at(100), at(1), seconds(1), {}), HasSubstr("0 %"));
  EXPECT_THAT(render_watch(StatusSnapshot{}, at(1), seconds(1), {}), HasSubstr("0 %"));
}

TEST(WatchView, ColoursOnlyOnATerminal) {
  StatusSnapshot status = at(1);
  EXPECT_THAT(render_watch(status, status, seconds(1), {}), Not(HasSubstr("\033")));
  EXPECT_THAT(render_watch(status, status, seconds(1), {.colours = true}), HasSubstr("\033[32m  mon"));
  status.links[0].open = true;
  const std::string open = render_watch(status, status, seconds(1), {.colours = true});
  EXPECT_THAT(open, HasSubstr("\033[31m  mon"));
  EXPECT_THAT(open, HasSubstr("up, OPEN"));
}

TEST(WatchView, NoLineIsWiderThanTheScreen) {
  std::istringstream lines(render_watch(at(1), at(2), seconds(1), {.width = 40}));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 40u);
}

}  // namespace
}  // namespace cuttle
