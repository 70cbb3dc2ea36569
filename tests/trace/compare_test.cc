#include "trace/compare.hh"

#include <gtest/gtest.h>

#include "recorded.hh"
#include "trace/trace_json.hh"
#include "trace/trace_page.hh"
#include "trace/tree.hh"

namespace cuttle::trace {
namespace {

Trace with_links(uint64_t slot_ns) {
  Observation observation = recorded("put-16");
  for (const char* address : {"10.77.0.12:4410", "10.77.0.11:4410"}) {
    LinkUse link;
    link.agent = "mon";
    link.name = std::string(address).find(".12") != std::string::npos ? "osd1" : "osd0";
    link.endpoint = address;
    link.slot_ns = slot_ns;
    link.cells_per_slot = 3;
    link.cell_bytes = 1472;
    observation.links.push_back(link);
  }
  return assemble(observation);
}

// As if each crossing had taken `more_ns` longer.
Trace slower(Trace trace, int64_t more_ns) {
  int64_t shift = 0;
  for (Step& step : trace.steps) {
    step.at_ns += shift;
    if (step.lane == kClientLane && step.crossings > 0) {
      *step.duration_ns += step.crossings * more_ns;
      shift += step.crossings * more_ns;
    }
  }
  for (CallTimes& call : trace.calls) {
    if (call.name == "rados_write_full") *call.end_ns += shift;
  }
  trace.end_ns += shift;
  return trace;
}

TEST(Distribution, IsByNearestRank) {
  std::vector<int64_t> values;
  for (int64_t i = 100; i >= 1; --i) values.push_back(i);
  EXPECT_EQ(distribution(values)->median_ns, 50);
  EXPECT_EQ(distribution(values)->p99_ns, 99);
  EXPECT_EQ(distribution({7})->p99_ns, 7);
  EXPECT_FALSE(distribution({}));
}

TEST(Links, AreNamedWhereTheyAreCrossed) {
  const Trace trace = with_links(200'000);
  EXPECT_EQ(find_step(trace, "wire.request")->link, "osd1");
  EXPECT_EQ(find_step(trace, "wire.replica")->link, "osd0");
  EXPECT_EQ(find_step(trace, "wire.reply")->link, "osd1");
  EXPECT_EQ(find_step(trace, "operate.kernel")->crossings, 4);
  // The monitor is on the client's own host here.
  EXPECT_EQ(find_step(trace, "connect.auth")->crossings, 0);
}

TEST(Compare, FindsTheShareOfTheSlots) {
  const Trace plain = assemble(recorded("put-16"));
  // A slot of 200 us, so half of it at each crossing, and as much again that is not the slot's doing.
  const Trace shaped = slower(with_links(200'000), 200'000);
  const auto comparison = compare({plain}, {shaped});
  ASSERT_TRUE(comparison) << comparison.error().message;
  ASSERT_TRUE(comparison->operation);
  EXPECT_GE(comparison->operation->crossings, 10);
  EXPECT_NEAR(comparison->operation->waiting_share, 0.5, 0.01);
  EXPECT_NEAR(comparison->whole->waiting_share, 0.5, 0.01);
}

TEST(Compare, CountsTheSlotsThatTheDataTakes) {
  Trace plain = assemble(recorded("put-16"));
  Trace shaped = slower(with_links(200'000), 200'000);
  plain.bytes = shaped.bytes = 4'302 * 10;  // ten slots of three cells with 1,434 bytes of room
  const auto comparison = compare({plain}, {shaped});
  ASSERT_TRUE(comparison);
  EXPECT_EQ(comparison->operation->carrying_ns, 2 * 10 * 200'000);
}

TEST(Compare, SaysWhenNothingIsKnownOfLinks) {
  const Trace plain = assemble(recorded("put-16"));
  const auto comparison = compare({plain}, {plain});
  ASSERT_TRUE(comparison);
  EXPECT_FALSE(comparison->whole);
  EXPECT_TRUE(any_contains(comparison->summary, "hold no link"));
}

TEST(Compare, RefusesUnequalOperations) {
  const Trace put = assemble(recorded("put-16"));
  const Trace get = assemble(recorded("get-16"));
  const Trace failed = assemble(recorded("no-pool-16"));
  EXPECT_FALSE(compare({put}, {get}));
  EXPECT_FALSE(compare({put}, {failed}));
  EXPECT_FALSE(compare({}, {put}));
}

TEST(TraceJson, ComesBackAsItWas) {
  const std::vector<Trace> traces = {with_links(200'000), assemble(recorded("wrong-key-16"))};
  const std::string text = to_json(traces);
  const auto back = traces_from_json(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), text);
  EXPECT_FALSE(back->at(1).ok());
  EXPECT_FALSE(traces_from_json("{}"));
  EXPECT_FALSE(traces_from_json("{\"format\":\"cuttle-trace\",\"traces\":[{}]}"));
  EXPECT_FALSE(traces_from_json("no json"));
}

TEST(Pages, AreSelfContained) {
  const Trace shaped = slower(with_links(200'000), 200'000);
  const auto comparison = compare({assemble(recorded("put-16"))}, {shaped});
  for (const std::string& page :
       {trace_page(shaped), trace_page(assemble(recorded("no-pool-16"))), comparison_page(*comparison)}) {
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("http://"), std::string::npos);
    EXPECT_EQ(page.find("https://"), std::string::npos);
    EXPECT_EQ(page.find(" src="), std::string::npos);
  }
  const std::string page = trace_page(shaped);
  for (const char* lane : {">client<", ">monitor<", ">on the wire<", ">primary osd.1<", ">replica osd.0<"}) {
    EXPECT_NE(page.find(lane), std::string::npos) << lane;
  }
  EXPECT_NE(page.find("shaped by link osd1"), std::string::npos);
}

TEST(Tree, ShowsStepsLinksAndFailures) {
  const std::string shaped = tree(with_links(200'000), {});
  EXPECT_NE(shaped.find("client to primary: the operation, to its last byte [link osd1]"), std::string::npos);
  EXPECT_NE(shaped.find("3 cells a slot of 200 us"), std::string::npos);
  const std::string failed = tree(assemble(recorded("no-pool-16")), {});
  EXPECT_NE(failed.find("FAILED in rados_ioctx_create: No such file or directory (2)"), std::string::npos);
}

// What daemons and the network say goes to a terminal.
TEST(Tree, WhatOthersSayMovesNoCursor) {
  Trace trace = with_links(200'000);
  trace.steps.front().detail = "one\x1b[2Jtwo";
  trace.object = "name\x1b]0;title\x07";
  trace.steps.back().component = "osd\x1b[2J";
  trace.notices.push_back("an agent said \x1b[2J");
  trace.failed_call = "rados_write";
  trace.error = "no \x1b[2J";
  trace.failed_step = "sent \x1b[2J";
  EXPECT_EQ(tree(trace, {}).find('\x1b'), std::string::npos);
  EXPECT_NE(tree(trace, {.colour = true}).find("\x1b[1m"), std::string::npos) << "its own colours stay";
}

}  // namespace
}  // namespace cuttle::trace
