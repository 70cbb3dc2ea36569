// Replays against what can be computed by hand, and loads from each of their sources.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "capture/capture_writer.hh"
#include "config/shape_plan.hh"
#include "plan/advice.hh"
#include "plan/output.hh"
#include "wire/cell.hh"

namespace cuttle::plan {
namespace {

using testing::HasSubstr;

LinkLoad burst(size_t packets, uint32_t bytes) {
  LinkLoad load;
  load.name = "a burst";
  for (size_t i = 0; i < packets; ++i) load.arrivals.push_back({Instant{} + seconds(1), bytes});
  load.span = seconds(2);
  load.seen = load.span;
  load.bytes = packets * bytes;
  return load;
}

// Fixed, so that what comes out can be reckoned.
SlotPlan slots(uint64_t rate_bps) {
  return *plan_shape(
      {.cell_bytes = 1472, .rate_bps = rate_bps, .slot = microseconds(200), .jitter_percent = 0}, false, 1,
      1);
}

TEST(Replay, APacketAloneWaitsForTheNextSlot) {
  const SlotPlan plan = slots(200'000'000);
  const Replay got = replay(burst(1, 1000), plan, 1472);
  EXPECT_EQ(got.packets, 1u);
  EXPECT_TRUE(got.keeps_up);
  EXPECT_GT(got.waits.max, Duration{0});
  EXPECT_LE(got.waits.max, plan.period() + microseconds(10));
  EXPECT_EQ(got.saturated, 0);
}

TEST(Replay, ABurstTakesItsCellsTime) {
  constexpr uint64_t kRate = 100'000'000;
  const Replay got = replay(burst(1000, 1400), slots(kRate), 1472);
  const double cells = 1000.0 * 1400 / static_cast<double>(wire::CellFormat(1472).data_bytes());
  const double expected_ns = cells * 1500 * 8 / kRate * 1e9;
  EXPECT_EQ(got.packets, 1000u);
  EXPECT_NEAR(static_cast<double>(got.waits.max.ns), expected_ns, expected_ns * 0.01);
  EXPECT_NEAR(static_cast<double>(got.waits.median.ns), expected_ns / 2, expected_ns * 0.01);
  EXPECT_NEAR(got.saturated, expected_ns / 2e9, 0.01);
}

TEST(Replay, LargePacketsSpanManyCells) {
  const Replay got = replay(burst(10, 65000), slots(1'000'000'000), 1472);
  EXPECT_EQ(got.packets, 10u);
  EXPECT_NEAR(static_cast<double>(got.waits.max.ns), 650000 / 1434.0 * 1500 * 8, 4e5);
}

TEST(Replay, MoreThanTheRateNeverKeepsUp) {
  Figures figures;
  figures.peak_bps = 50'000'000;
  figures.mean_bps = 50'000'000;
  EXPECT_FALSE(replay(load_of_figures(figures), slots(10'000'000), 1472).keeps_up);
}

TEST(Replay, EveryPacketLeavesAndTheCellsAddUp) {
  Figures figures;
  figures.peak_bps = 150'000'000;
  figures.mean_bps = 20'000'000;
  const LinkLoad load = load_of_figures(figures);
  const Replay got = replay(load, slots(100'000'000), 1472);
  EXPECT_EQ(got.packets, load.arrivals.size());
  const double payload_share = static_cast<double>(load.mean_bps()) / (100'000'000.0 * 1434 / 1500);
  EXPECT_NEAR(got.used, payload_share, payload_share * 0.1);
}

// A megabyte of one connection waits; a packet of another one comes meanwhile.
LinkLoad bulk_and_one(uint32_t flow_of_the_one) {
  LinkLoad load = burst(700, 1400);
  for (Arrival& arrival : load.arrivals) arrival.flow = 1;
  load.arrivals.push_back({Instant{} + seconds(1) + milliseconds(20), 100, flow_of_the_one});
  return load;
}

TEST(Replay, APacketOfAnotherConnectionOvertakesBulk) {
  const SlotPlan plan = slots(50'000'000);
  const Replay same = replay(bulk_and_one(1), plan, 1472);
  const Replay other = replay(bulk_and_one(2), plan, 1472);
  EXPECT_EQ(same.packets, 701u);
  EXPECT_EQ(other.packets, 701u);
  // In one line it would leave last, after 164 ms; in a line of its own it is nearly the first of what waits,
  // so that those behind it are one more.
  EXPECT_GT(same.waits.max, milliseconds(140));
  EXPECT_NEAR(static_cast<double>(other.waits.max.ns), static_cast<double>(same.waits.max.ns), 2e7);
  EXPECT_GT(same.held_back, 300u);  // of 980,000 bytes, the queue holds 25 ms of the rate
}

TEST(Replay, WhatWaitsAtItsSenderDelaysNobodyElse) {
  // Two packets that come after a long backlog of one flow, each in a flow of its own: their waits are the
  // smallest of all that came after it.
  LinkLoad load = burst(700, 1400);
  for (Arrival& arrival : load.arrivals) arrival.flow = 1;
  const size_t bulk = load.arrivals.size();
  for (uint32_t i = 0; i < 700; ++i) {
    load.arrivals.push_back({Instant{} + seconds(1) + microseconds(100 * i + 20'000), 100, 2 + i % 2});
  }
  const Replay got = replay(load, slots(50'000'000), 1472);
  EXPECT_EQ(got.packets, bulk + 700);
  // Half of the packets are bulk, so the median is at the border between the two kinds.
  EXPECT_LT(got.waits.median, milliseconds(5));
  EXPECT_GT(got.waits.p99, milliseconds(140));
}

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

class CaptureLoad : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / ("cuttle-plan-" + std::to_string(::getpid()) + ".pcap"))
                .string();
    auto writer = capture::CaptureWriter::create(path_);
    ASSERT_TRUE(writer);
    for (int i = 0; i < 100; ++i) {
      capture::PacketRecord packet;
      packet.time = Instant{} + seconds(1000) + milliseconds(i * 10);
      packet.source = *IpAddress::parse("10.0.0.1");
      packet.destination = *IpAddress::parse(i % 4 == 0 ? "10.0.0.3" : "10.0.0.2");
      packet.protocol = capture::kProtocolTcp;
      packet.source_port = packet.destination_port = 6800;
      packet.ip_bytes = 1000;
      (*writer)->write(packet);
    }
    ASSERT_TRUE((*writer)->finish());
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string path_;
};

TEST_F(CaptureLoad, TheBusiestDirectionComesFirst) {
  const auto loads = loads_of_capture(path_, {});
  ASSERT_TRUE(loads) << loads.error().message;
  ASSERT_EQ(loads->size(), 2u);
  EXPECT_EQ(loads->front().name, "10.0.0.1 to 10.0.0.2");
  EXPECT_EQ(loads->front().arrivals.size(), 75u);
  EXPECT_EQ(loads->front().arrivals.front().at, Instant{} + milliseconds(10));
}

TEST_F(CaptureLoad, ACaptureWithoutTheLinkSaysWhatItHas) {
  const auto loads =
      loads_of_capture(path_, {{*IpAddress::parse("10.0.0.1"), *IpAddress::parse("10.9.9.9")}});
  ASSERT_FALSE(loads);
  EXPECT_THAT(loads.error().message, HasSubstr("10.0.0.1 to 10.0.0.2"));
}

// Captures as people have them.
class OddCapture : public CaptureLoad {
 protected:
  // A packet each 10 ms for a second, from 10.0.0.1 to 10.0.0.2.
  static capture::PacketRecord packet(int i) {
    capture::PacketRecord packet;
    packet.time = Instant{} + seconds(1000) + milliseconds(i * 10);
    packet.source = *IpAddress::parse("10.0.0.1");
    packet.destination = *IpAddress::parse("10.0.0.2");
    packet.protocol = capture::kProtocolTcp;
    packet.source_port = packet.destination_port = 6800;
    packet.ip_bytes = 1000;
    return packet;
  }
  // Each packet so often, one `apart` after the other.
  void write_copies(capture::LinkLayer layer, int copies, Duration apart) {
    auto writer = capture::CaptureWriter::create(path_, layer);
    for (int i = 0; i < 100; ++i) {
      for (int copy = 0; copy < copies; ++copy) {
        capture::PacketRecord one = packet(i);
        one.time = one.time + apart * copy;
        (*writer)->write(one);
      }
    }
    ASSERT_TRUE((*writer)->finish());
  }
  LinkLoad load() {
    auto loads = loads_of_capture(path_, {});
    EXPECT_TRUE(loads) << loads.error().message;
    return loads ? std::move(loads->front()) : LinkLoad{};
  }
};

// VLAN, bond and card: each packet three times, tagged below the VLAN's interface; the card has half of them.
TEST_F(OddCapture, OfAllInterfacesOneCounts) {
  auto writer = capture::CaptureWriter::create(path_, capture::LinkLayer::linux_cooked_2);
  for (int i = 0; i < 100; ++i) {
    for (const uint32_t interface : {7, 4, 2}) {
      if (interface == 2 && i % 2 == 0) continue;
      capture::PacketRecord one = packet(i);
      one.time = one.time + microseconds(8 - interface);
      one.interface = interface;
      interface == 2 ? (*writer)->write_tagged(one, 100) : (*writer)->write(one);
    }
  }
  ASSERT_TRUE((*writer)->finish());
  const LinkLoad got = load();
  EXPECT_EQ(got.arrivals.size(), 100u);
  EXPECT_EQ(got.bytes, 100'000u);
  EXPECT_THAT(got.note, HasSubstr("taken is what passed interface number 4, and not interface number 2, "
                                  "interface number 7"));
}

TEST_F(OddCapture, WhereNoInterfaceIsToldCopiesCountOnce) {
  write_copies(capture::LinkLayer::linux_cooked, 3, microseconds(3));
  const LinkLoad got = load();
  EXPECT_EQ(got.bytes, 100'000u);
  EXPECT_THAT(
      got.note,
      HasSubstr("200 packets that were captured more than once (tcpdump -i any, a mirrored port, captures of "
                "two hosts) count once"));
}

TEST_F(OddCapture, JoinedFromTwoHostsCopiesCountOnce) {
  write_copies(capture::LinkLayer::ethernet, 2, microseconds(70));
  const LinkLoad got = load();
  EXPECT_EQ(got.bytes, 100'000u);
  EXPECT_THAT(got.note, HasSubstr("100 packets that were captured more than once"));
}

TEST_F(OddCapture, WithoutAPacketItSaysSo) {
  ASSERT_TRUE((*capture::CaptureWriter::create(path_, capture::LinkLayer::ethernet))->finish());
  const auto loads = loads_of_capture(path_, {});
  ASSERT_FALSE(loads);
  EXPECT_THAT(loads.error().message, HasSubstr("without a single packet"));
}

TEST_F(OddCapture, CutInItsLastRecordTheWholeOnesCount) {
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 5);
  const LinkLoad got = load();
  EXPECT_EQ(got.arrivals.size(), 74u);
  EXPECT_THAT(got.note,
              HasSubstr("The capture ends in the middle of a packet; its 99 whole packets are taken"));
}

TEST_F(OddCapture, DisorderIsSortedAndAStampFromTheFutureRefused) {
  const auto write = [&](int moved, Duration by) {
    auto writer = capture::CaptureWriter::create(path_);
    for (int i = 0; i < 100; ++i) {
      capture::PacketRecord one = packet(i);
      if (i == moved) one.time = one.time + by;
      (*writer)->write(one);
    }
    ASSERT_TRUE((*writer)->finish());
  };
  write(50, milliseconds(1500));
  EXPECT_EQ(load().arrivals.back().at, Instant{} + milliseconds(2000));
  write(50, seconds(200));
  const auto refused = loads_of_capture(path_, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              HasSubstr("packet 51 is stamped 199.990 s ahead of the packets around"));
}

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
  EXPECT_THAT(of(R"([1700000000000,"0"],[1700000015000,"5"])").error().message, HasSubstr("milliseconds"));
  EXPECT_THAT(of(R"([100,"5000"],[115,"5000"])").error().message, HasSubstr("not a byte in 15 s"));
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
