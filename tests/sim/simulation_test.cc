// The simulation itself: the same seed is the same run, the checkers see what they are for.
#include <array>

#include "sim/host_packet.hh"
#include "sim/sim_device.hh"
#include "trials.hh"

namespace cuttle::sim {
namespace {

TEST(Simulation, OneSeedOneRun) {
  for (const Family family : kFamilies) {
    const Scenario scenario = draw_scenario(family, 7);
    const RunResult a = run(scenario, {.payload_seed = 7});
    const RunResult b = run(scenario, {.payload_seed = 7});
    EXPECT_EQ(a.trace.digest(), b.trace.digest());
    EXPECT_EQ(first_difference(a.trace, b.trace), "");
    EXPECT_EQ(a.packets_delivered, b.packets_delivered);
    EXPECT_EQ(a.events, b.events);
    EXPECT_GT(a.packets_delivered, 0u);
  }
}

TEST(Simulation, AnotherSeedAnotherRun) {
  const RunResult a = run(draw_scenario(Family::pairs, 1), {});
  const RunResult b = run(draw_scenario(Family::pairs, 2), {});
  EXPECT_NE(first_difference(a.trace, b.trace), "");
}

TEST(Simulation, EventsHappenInOrder) {
  EventLoop loop;
  std::string order;
  loop.at(Instant{5}, [&] { order += 'c'; });
  loop.at(Instant{1}, [&] {
    order += 'a';
    loop.at(Instant{0}, [&] { order += 'b'; });
  });
  loop.at(Instant{5}, [&] { order += 'd'; });
  loop.at(Instant{9}, [&] { order += 'x'; });
  loop.run_until(Instant{8});
  EXPECT_EQ(order, "abcd");
  EXPECT_EQ(loop.now(), Instant{8});
}

TEST(Simulation, AThreadDoesOneThingAtATime) {
  EventLoop loop;
  SimThread thread(loop);
  std::vector<int64_t> ends;
  for (int i = 0; i < 3; ++i) {
    thread.post([] { return Duration{10}; }, [&] { ends.push_back(loop.now().ns); });
  }
  loop.run_until(Instant{100});
  EXPECT_EQ(ends, (std::vector<int64_t>{10, 20, 30}));
}

TEST(Simulation, ClocksGoThereAndBack) {
  for (const int64_t drift_ppm : {-200, -1, 0, 1, 200}) {
    const SimClock clock{seconds(12345), drift_ppm, {}};
    for (int64_t ns = 1; ns < 300'000'000'000; ns = ns * 3 + 7) {
      const Instant local = clock.local(Instant{ns});
      const Instant global = clock.global(local);
      EXPECT_GE(clock.local(global), local);
      EXPECT_LT(clock.local(Instant{global.ns - 2}), local);
    }
  }
}

class CheckerTest : public ::testing::Test {
 protected:
  bool broke(int invariant) const {
    return checker.violations().size() == 1 && checker.violations()[0].invariant == invariant;
  }
  Checker checker{3, 1472, true};
};

TEST_F(CheckerTest, AGoodPacketIsGood) {
  const auto packet = checker.make_packet(0, 1, 700, true);
  EXPECT_NE(checker.saw_packet(1, 0, packet), nullptr);
  EXPECT_TRUE(checker.violations().empty());
}
TEST_F(CheckerTest, SeesAPacketDeliveredTwice) {
  const auto packet = checker.make_packet(0, 1, 700, false);
  checker.saw_packet(1, 0, packet);
  checker.saw_packet(1, 0, packet);
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesAnAlteredPacket) {
  auto packet = checker.make_packet(0, 1, 700, false);
  packet[333] ^= 1;
  checker.saw_packet(1, 0, packet);
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesAPacketAtTheWrongNodeOrFromTheWrongPeer) {
  const auto packet = checker.make_packet(0, 1, 700, false);
  checker.saw_packet(2, 0, packet);
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesAPacketThatWasNeverSent) {
  checker.saw_packet(1, 0, make_inner({0, 1, 5, false}, 100));
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesAPacketThatClaimsToComeFromElsewhere) {
  checker.saw_packet(1, 0, checker.make_foreign_packet(2, 1, 700, true));
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, ConnectionsMayOvertakeEachOther) {
  const auto first = checker.make_packet(0, 1, 700, false, 1);
  checker.saw_packet(1, 0, checker.make_packet(0, 1, 700, false, 2));
  EXPECT_NE(checker.saw_packet(1, 0, first), nullptr);
  EXPECT_TRUE(checker.violations().empty());
}
TEST_F(CheckerTest, SeesPacketsOutOfOrder) {
  const auto first = checker.make_packet(0, 1, 700, false);
  checker.saw_packet(1, 0, checker.make_packet(0, 1, 700, false));
  checker.saw_packet(1, 0, first);
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesAnotherSize) {
  checker.saw_datagram(0, 1, std::vector<uint8_t>(1471));
  EXPECT_TRUE(broke(1));
}
TEST_F(CheckerTest, SeesPlaintext) {
  auto packet = checker.make_packet(0, 1, 1472, false);
  checker.saw_datagram(0, 1, packet);
  EXPECT_TRUE(broke(5));
}

// As the host sees them.
std::vector<std::vector<uint8_t>> segments_of(std::vector<uint8_t> packet, size_t segment_bytes) {
  return received_by_host(leave_to_card(std::move(packet), segment_bytes));
}

TEST_F(CheckerTest, SegmentsOfAPacketAreGood) {
  for (const bool is_v6 : {false, true}) {
    const auto segments = segments_of(checker.make_tcp_packet(0, 1, 65'535, is_v6, 2, 1400), 1400);
    EXPECT_EQ(segments.size(), 47u);
    for (const auto& segment : segments) EXPECT_NE(checker.saw_packet(1, 0, segment), nullptr);
  }
  EXPECT_TRUE(checker.violations().empty());
}
TEST_F(CheckerTest, SegmentsMayBeLost) {
  const auto segments = segments_of(checker.make_tcp_packet(0, 1, 9000, false, 0, 1400), 1400);
  checker.saw_packet(1, 0, segments[2]);
  checker.saw_packet(1, 0, segments.back());
  EXPECT_TRUE(checker.violations().empty());
}
TEST_F(CheckerTest, SeesASegmentTwice) {
  const auto segments = segments_of(checker.make_tcp_packet(0, 1, 9000, false, 0, 1400), 1400);
  checker.saw_packet(1, 0, segments[2]);
  checker.saw_packet(1, 0, segments[2]);
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesSegmentsOfAnotherSize) {
  checker.saw_packet(1, 0, segments_of(checker.make_tcp_packet(0, 1, 9000, false, 0, 1400), 1300)[1]);
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesAWrongChecksum) {
  auto packet = checker.make_tcp_packet(0, 1, 1000, true, 0, 1400);
  packet[40 + 16] ^= 1;
  checker.saw_packet(1, 0, packet);
  EXPECT_TRUE(broke(3));
}
TEST_F(CheckerTest, SeesAPacketAfterItsLinkEnded) {
  Allocations allocations([] { return uint64_t{0}; });
  SimDevice device(allocations, checker);
  VirtioHeader header{};
  auto packet = checker.make_packet(0, 1, 100, false);
  const std::array<iovec, 2> pieces{{{&header, kVirtioHeaderBytes}, {packet.data(), packet.size()}}};
  device.writev(pieces);
  EXPECT_TRUE(checker.violations().empty());
  device.close();
  device.writev(pieces);
  EXPECT_TRUE(broke(3));
}

TEST(Simulation, ALinkCarriesFromItsReloadOn) {
  Scenario scenario = draw_scenario(Family::two_nodes, 7);
  for (const std::string_view ingredient : ingredients()) leave_out(scenario, ingredient);
  scenario.not_at_first = {{0, 1}};
  end_at(scenario, Instant{900'000'000});
  EXPECT_TRUE(run(scenario, {.liveness = false}).trace.events().empty());
  const Instant comes{300'000'000};
  scenario.reloads = {{0, comes, {}, {1}}, {1, comes, {}, {0}}};
  const RunResult result = run(scenario, {.load_variant = 1, .liveness = false});
  ASSERT_FALSE(result.trace.events().empty());
  EXPECT_GT(result.trace.events().front().at, comes);
  EXPECT_GT(result.packets_delivered, 0u);
  EXPECT_TRUE(result.violations.empty());
}

TEST(Simulation, CountsAllocations) {
  const uint64_t before = allocations();
  auto* number = new int(5);
  EXPECT_EQ(allocations(), before + 1);
  delete number;
}

}  // namespace
}  // namespace cuttle::sim
