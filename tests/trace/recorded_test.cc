// What the lab recorded, step by step.
#include "recorded.hh"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "trace/step_table.hh"
#include "trace/tree.hh"

namespace cuttle::trace {
namespace {

class RecordedWrite : public testing::TestWithParam<const char*> {
 protected:
  const Observation observation_ = recorded(GetParam());
  const Trace trace_ = assemble(observation_);
};

INSTANTIATE_TEST_SUITE_P(Releases, RecordedWrite, testing::Values("put-16", "put-18"),
                         [](const auto& test) { return std::string(test.param).substr(4); });

TEST_P(RecordedWrite, HasEveryStepOfTheTable) {
  EXPECT_TRUE(trace_.ok()) << trace_.error;
  for (const auto& rules : {connect_rules(), operate_rules()}) {
    for (const Rule& rule : rules) {
      if (rule.presence == Presence::sometimes || rule.operations == Operations::get) continue;
      EXPECT_NE(find_step(trace_, std::string(rule.id)), nullptr) << rule.id;
    }
  }
  for (const EventRule& rule : event_rules())
    EXPECT_NE(find_step(trace_, std::string(rule.id)), nullptr) << rule.id;
  for (const HopRule& rule : hop_rules())
    EXPECT_NE(find_step(trace_, std::string(rule.id)), nullptr) << rule.id;
  for (const WaitRule& rule : wait_rules())
    EXPECT_NE(find_step(trace_, std::string(rule.id)), nullptr) << rule.id;
  EXPECT_TRUE(trace_.notices.empty()) << trace_.notices.front();
}

TEST_P(RecordedWrite, HasMoreThanTwentyFiveDistinctSteps) {
  EXPECT_GE(distinct_steps(trace_), 25U);
  EXPECT_GE(distinct_steps(trace_), 110U) << "fewer than when it was recorded";
}

TEST_P(RecordedWrite, EveryStepIsWhollyDescribed) {
  for (const Step& step : trace_.steps) {
    EXPECT_FALSE(step.title.empty() || step.purpose.empty() || step.component.empty() || step.node.empty() ||
                 step.evidence.empty())
        << step.id;
    EXPECT_EQ(step.purpose.find('\n'), std::string::npos);
  }
}

TEST_P(RecordedWrite, NoMessageIsReceivedBeforeItWasSent) {
  for (const HopRule& rule : hop_rules()) {
    const Step* hop = find_step(trace_, std::string(rule.id));
    ASSERT_NE(hop, nullptr);
    EXPECT_GE(*hop->duration_ns, 0) << rule.id;
  }
  // The path through the processes, in the one order that is possible.
  const char* path[] = {"operate.call",           "operate.target",      "operate.sent",
                        "operate.queued",         "operate.write",       "primary.header_read",
                        "primary.reached_pg",     "primary.waiting",     "replica.header_read",
                        "replica.reached_pg",     "replica.commit_sent", "primary.replica_reply",
                        "primary.replica_commit", "operate.reply_read",  "operate.handle",
                        "operate.signalled",      "operate.return"};
  int64_t before = 0;
  for (const char* id : path) {
    const Step* step = find_step(trace_, id);
    ASSERT_NE(step, nullptr) << id;
    EXPECT_GE(step->at_ns, before) << id;
    before = step->at_ns;
  }
}

TEST_P(RecordedWrite, TheClientsStepsAddUpToItsOwnElapsedTime) {
  int64_t sum = 0;
  for (const Step& step : trace_.steps) {
    if (step.lane == kClientLane && step.id != "operate.return") sum += step.duration_ns.value_or(0);
  }
  ASSERT_GT(trace_.elapsed_ns, 0);
  EXPECT_LE(std::abs(sum - trace_.elapsed_ns) * 20, trace_.elapsed_ns);
  EXPECT_LE(std::abs(trace_.total_ns() - trace_.elapsed_ns) * 20, trace_.elapsed_ns);
}

TEST_P(RecordedWrite, EveryMomentIsKnownToTheMicrosecond) {
  for (const Step& step : trace_.steps) EXPECT_LE(step.uncertainty_ns, 1000) << step.id;
}

TEST_P(RecordedWrite, SaysWhoTheParticipantsWere) {
  EXPECT_EQ(find_step(trace_, "primary.started")->node, "osd.1");
  EXPECT_EQ(find_step(trace_, "replica.started")->node, "osd.0");
  EXPECT_NE(find_step(trace_, "operate.target")->detail.find("acting [1,0] primary 1"), std::string::npos);
  EXPECT_TRUE(trace_.client.starts_with("client."));
}

// A line that is not there is a notice, and no step with a time from elsewhere.
TEST_P(RecordedWrite, AStepWithoutItsLineIsANoticeAndNoStep) {
  for (const char* id : {"connect.global_id", "connect.authenticated", "pool.decoded", "operate.reply"}) {
    const auto rules = std::string(id).starts_with("connect") ? connect_rules() : operate_rules();
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const Rule& each) { return each.id == id; });
    Observation without = observation_;
    std::erase_if(without.lines,
                  [&](const LogLine& line) { return find_pattern(line.text, rule->pattern).has_value(); });
    const Trace trace = assemble(without);
    EXPECT_EQ(find_step(trace, id), nullptr) << id;
    EXPECT_TRUE(any_contains(trace.notices, std::string(rule->title))) << id;
  }
}

TEST_P(RecordedWrite, ALaterEventOfTheOsdThanItsCauseIsToldApart) {
  Observation skewed = observation_;
  // The replica's clock is 2 s ahead: its commit then arrives at the primary before it was sent.
  for (OsdHistory& history : skewed.histories) {
    if (history.osd != 0) continue;
    std::string& json = history.json;
    for (size_t at = json.find("T0"); at != std::string::npos; at = json.find("T0", at + 1))
      json[at + 1] = '1';
  }
  const Trace trace = assemble(skewed);
  EXPECT_EQ(find_step(trace, "wire.replica_commit"), nullptr);
  EXPECT_TRUE(any_contains(trace.notices, "the clocks of"));
}

TEST_P(RecordedWrite, AnOperationThatIsInNoHistoryIsANotice) {
  Observation without = observation_;
  without.histories.clear();
  const Trace trace = assemble(without);
  EXPECT_TRUE(any_contains(trace.notices, "osd.1"));
  EXPECT_TRUE(any_contains(trace.notices, "is not in its history"));
  EXPECT_EQ(find_step(trace, "primary.started"), nullptr);
  EXPECT_EQ(find_step(trace, "wire.request"), nullptr);
}

TEST(Recorded, OneMoreRoundInEighteen) {
  const Trace sixteen = assemble(recorded("put-16"));
  const Trace eighteen = assemble(recorded("put-18"));
  EXPECT_EQ(find_step(sixteen, "connect.compression"), nullptr);
  EXPECT_NE(find_step(eighteen, "connect.compression"), nullptr);
  EXPECT_NE(find_step(eighteen, "operate.compression"), nullptr);
}

TEST(Recorded, ARead) {
  const Trace trace = assemble(recorded("get-16"));
  EXPECT_TRUE(trace.ok());
  EXPECT_EQ(trace.bytes, 6U);
  EXPECT_NE(find_step(trace, "operate.read"), nullptr);
  EXPECT_NE(find_step(trace, "primary.started"), nullptr);
  EXPECT_EQ(find_step(trace, "primary.waiting"), nullptr);
  EXPECT_TRUE(trace.notices.empty()) << trace.notices.front();
}

TEST(Recorded, APoolThatDoesNotExist) {
  const Trace trace = assemble(recorded("no-pool-16"));
  EXPECT_EQ(trace.failed_call, "rados_ioctx_create");
  EXPECT_NE(trace.error.find("No such file or directory (2)"), std::string::npos);
  EXPECT_EQ(trace.failed_step, "the map is there, the pool is looked up");
  EXPECT_EQ(find_step(trace, "operate.call"), nullptr);
}

TEST(Recorded, AWrongKey) {
  const Trace trace = assemble(recorded("wrong-key-16"));
  EXPECT_EQ(trace.failed_call, "rados_connect");
  EXPECT_NE(trace.error.find("Permission denied (13)"), std::string::npos);
  EXPECT_NE(trace.error.find("the monitor refused the authentication"), std::string::npos);
  EXPECT_EQ(trace.failed_step, "challenge received");
}

TEST(Recorded, AnOsdMapThatForbidsWrites) {
  const Trace trace = assemble(recorded("paused-16"));
  EXPECT_EQ(trace.failed_call, "rados_write_full");
  EXPECT_NE(trace.error.find("Connection timed out (110)"), std::string::npos);
  EXPECT_NE(trace.error.find("full (pool, OSD or cluster), or paused"), std::string::npos);
  EXPECT_NE(find_step(trace, "operate.target"), nullptr);
  EXPECT_EQ(find_step(trace, "operate.sent"), nullptr);
  // Not "budget given back": that is the Objecter tidying up behind the time-out.
  EXPECT_EQ(trace.failed_step, "op_submit returns");
  EXPECT_TRUE(any_contains(trace.notices, "pauserd,pausewr flag(s) set"));
}

}  // namespace
}  // namespace cuttle::trace
