// Loads from Prometheus' exports.
#include <gmock/gmock.h>

#include "plan/load.hh"

namespace cuttle::plan {
namespace {

using testing::HasSubstr;

TEST(Prometheus, CountersBecomeLoads) {
  const auto loads = loads_of_prometheus(R"({"status":"success","data":{"resultType":"matrix","result":[
    {"metric":{"__name__":"bytes","instance":"a"},"values":[[100,"1000"],[115,"1001000"],[130,"500000"]]}]}})",
                                         100'000'000);
  ASSERT_TRUE(loads) << loads.error().message;
  const LinkLoad& load = loads->front();
  EXPECT_EQ(load.bytes, 1'500'000u);  // the counter began anew
  EXPECT_EQ(load.seen, seconds(30));
  uint64_t bytes = 0;
  for (const Arrival& arrival : load.arrivals) bytes += arrival.bytes;
  EXPECT_NEAR(static_cast<double>(bytes), 1.5e6, 2e4);
}

TEST(Prometheus, WhatIsNoRangeIsSaidSo) {
  EXPECT_THAT(loads_of_prometheus("x", 1).error().message, HasSubstr("not a range export"));
  EXPECT_THAT(loads_of_prometheus(R"({"status":"error","error":"bad query"})", 1).error().message,
              HasSubstr("bad query"));
  EXPECT_THAT(loads_of_prometheus(R"({"status":"success","data":{"resultType":"vector","result":[]}})", 1)
                  .error()
                  .message,
              HasSubstr("range export is needed"));
  EXPECT_THAT(loads_of_prometheus(R"({"status":"success","data":{"resultType":"matrix","result":[]}})", 1)
                  .error()
                  .message,
              HasSubstr("no series"));
}

std::string series(const std::string& labels, const std::vector<std::string>& values) {
  std::string text = "{\"metric\":{" + labels + "},\"values\":[";
  for (size_t i = 0; i < values.size(); ++i) {
    text += (i == 0 ? "[" : ",[") + std::to_string(100 + 15 * i) + ",\"" + values[i] + "\"]";
  }
  return text + "]}";
}
std::string matrix(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ",") + one;
  return R"({"status":"success","data":{"resultType":"matrix","result":[)" + text + "]}}";
}
constexpr char kCounter[] = R"("__name__":"node_network_transmit_bytes_total",)";

TEST(Prometheus, WhatIsNoWayOutIsLeftOut) {
  const std::string text =
      matrix({series(std::string(kCounter) + R"("device":"lo")", {"0", "9000000000", "19000000000"}),
              series(std::string(kCounter) + R"("device":"eth0")", {"0", "600000", "1100000"}),
              series(std::string(kCounter) + R"("device":"eth1")", {"0", "400000", "900000"}),
              series(std::string(kCounter) + R"("device":"veth12ab")", {"0", "9000000", "19000000"}),
              series(std::string(kCounter) + R"("device":"bond0")", {"0", "1000000", "2000000"})});
  const auto loads = loads_of_prometheus(text, 100'000'000);
  ASSERT_TRUE(loads) << loads.error().message;
  EXPECT_THAT(loads->front().name, HasSubstr("device=bond0"));
  EXPECT_EQ(loads->front().bytes, 2'000'000u);
  EXPECT_THAT(loads->front().note, HasSubstr("Taken is the series with the most bytes, and not "));
  EXPECT_THAT(loads->front().note, HasSubstr("device=eth0"));
  EXPECT_THAT(loads->front().note, HasSubstr("left out, as nothing leaves the host by it: "));
  EXPECT_THAT(loads->front().note, HasSubstr("device=lo"));
  const auto none = loads_of_prometheus(
      matrix({series(std::string(kCounter) + R"("device":"lo")", {"0", "9000000000"})}), 100'000'000);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("interfaces only that nothing leaves the host by"));
}

TEST(Prometheus, ARateIsNoCounter) {
  const auto refusal = [](const std::string& labels, const std::vector<std::string>& values) {
    const auto loads = loads_of_prometheus(matrix({series(labels, values)}), 100'000'000);
    return loads ? "taken" : loads.error().message;
  };
  const std::string eth0 = R"("device":"eth0")";
  EXPECT_THAT(
      refusal(eth0, {"1200", "1100", "1300", "1250"}),
      HasSubstr("device=eth0: a rate or a gauge, not a counter of bytes: it falls 2 times in 3 steps"));
  EXPECT_THAT(refusal(eth0, {"1200.5", "1300.25"}), HasSubstr("2 of its 2 values have fractions"));
  EXPECT_THAT(refusal(kCounter + eth0, {"1200", "1100"}), HasSubstr("it falls 1 time in 1 steps"));
  EXPECT_THAT(refusal(R"("__name__":"instance:tx:rate5m")", {"1200", "1300"}), HasSubstr("called a rate"));
  // A host that started anew.
  EXPECT_EQ(refusal(kCounter + eth0, {"120000", "130000", "500", "9000"}), "taken");
}

TEST(Prometheus, WhatCountsNoBytesIsLeftOut) {
  const auto of = [](const std::string& name) {
    return series("\"__name__\":\"" + name + "\",\"device\":\"eth0\"", {"0", "600000", "1100000"});
  };
  const auto both = loads_of_prometheus(
      matrix({of("node_network_transmit_packets_total"), of("node_network_transmit_bytes_total")}),
      1'000'000);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_THAT(both->front().name, HasSubstr("bytes"));
  EXPECT_THAT(both->front().note,
              HasSubstr("left out, as they count no bytes: node_network_transmit_packets"));
  for (const char* name : {"node_network_transmit_packets_total", "ifHCOutUcastPkts", "tx_bits_total"}) {
    const auto none = loads_of_prometheus(matrix({of(name)}), 1'000'000);
    ASSERT_FALSE(none) << name;
    EXPECT_THAT(none.error().message, HasSubstr(std::string("no counter of bytes but ") + name));
  }
  EXPECT_TRUE(loads_of_prometheus(matrix({of("ifHCOutOctets")}), 1'000'000));
}

TEST(Prometheus, OddSamples) {
  const auto of = [](const std::string& values) {
    return loads_of_prometheus(
        R"({"data":{"result":[{"metric":{"device":"eth0"},"values":[)" + values + "]}]}}", 1'000'000);
  };
  const auto gap = of(R"([100,"0"],[115,"NaN"],[130,"2000"],[130,"2000"],[145,"3000"])");
  ASSERT_TRUE(gap) << gap.error().message;
  EXPECT_EQ(gap->front().bytes, 3000u);
  EXPECT_EQ(gap->front().seen, seconds(45));
  EXPECT_THAT(gap->front().note, HasSubstr("the series has no name"));
  const auto reversed = of(R"([130,"2000"],[115,"1500"],[100,"0"])");
  ASSERT_TRUE(reversed) << reversed.error().message;
  EXPECT_EQ(reversed->front().bytes, 2000u);
  EXPECT_THAT(of(R"([100,"-5000"],[115,"5000"])").error().message, HasSubstr("one of its values is -5000"));
  EXPECT_THAT(of(R"([100,"0"],[115,"1e300"])").error().message, HasSubstr("one of its values is 1e+300"));
  EXPECT_THAT(of(R"([1700000000000,"0"],[1700000015000,"5"])").error().message, HasSubstr("milliseconds"));
  EXPECT_THAT(of(R"([100,"5000"],[115,"5000"])").error().message, HasSubstr("not a byte in 15 s"));
}

// An hour at 10 Gb/s: a part of it stands for it.
TEST(Prometheus, AStepOfTerabytesIsReplayedInPart) {
  const auto loads = loads_of_prometheus(
      matrix({series(kCounter + std::string(R"("device":"eth0")"), {"0", "4500000000000"})}), 20'000'000'000);
  ASSERT_TRUE(loads) << loads.error().message;
  const LinkLoad& load = loads->front();
  EXPECT_EQ(load.bytes, 4'500'000'000'000u);
  uint64_t bytes = 0;
  for (const Arrival& arrival : load.arrivals) bytes += arrival.bytes;
  EXPECT_NEAR(static_cast<double>(bytes), 2e9, 1e7);
  EXPECT_NEAR(static_cast<double>(bytes) / static_cast<double>(load.span.ns),
              static_cast<double>(load.bytes) / static_cast<double>(load.seen.ns), 0.01 * 300);
  EXPECT_THAT(load.note, HasSubstr("replayed: the busiest"));
}

TEST(Prometheus, WhatATerminalObeysIsNotRepeated) {
  const auto loads = loads_of_prometheus(
      matrix({series(kCounter + std::string(R"("device":"eth0\u001b[8m")"), {"0", "4500000"})}), 1'000'000);
  ASSERT_TRUE(loads) << loads.error().message;
  EXPECT_THAT(loads->front().name, HasSubstr("device=eth0?[8m"));
}

}  // namespace
}  // namespace cuttle::plan
