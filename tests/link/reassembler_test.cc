// The reassembler against a slow model, whatever the network does to the cells.
#include "link/reassembler.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "slow_reassembly.hh"

namespace cuttle {
namespace {

using testing::CellStream;
using testing::Packet;
using testing::Payload;
using testing::SlowReassembly;

constexpr Duration kTimer = milliseconds(5);

struct Fate {
  uint32_t sequence;
  Instant at;
  bool forged_before;  // a forged cell with the same number comes first
};

std::vector<Packet> poll_all(Reassembler& reassembler) {
  std::vector<Packet> result;
  while (const auto packet = reassembler.poll_packet()) result.emplace_back(packet->begin(), packet->end());
  return result;
}

// True when it was late.
bool forge(Reassembler& reassembler, uint32_t sequence, size_t bytes) {
  uint8_t* room = reassembler.poll_room(Sequence{sequence});
  if (room == nullptr) return true;
  std::fill_n(room, bytes, 0x45);  // an AEAD may leave anything there
  reassembler.handle_forged();
  return false;
}

std::vector<Packet> open(Reassembler& reassembler, Instant now, uint32_t sequence, const Payload& payload) {
  uint8_t* room = reassembler.poll_room(Sequence{sequence});
  if (room == nullptr) return {};
  std::copy(payload.begin(), payload.end(), room);
  reassembler.handle_payload(now, Sequence{sequence});
  return poll_all(reassembler);
}

CellStream draw_stream(const wire::CellFormat& format, Random& random, size_t cells) {
  CellStream stream(format);
  uint32_t number = 0;
  const double pads = random.chance(0.5) ? 0.0 : 0.3;
  const double ends = random.chance(0.5) ? 0.05 : 0.5;
  while (stream.payloads().size() < cells) {
    if (random.chance(0.1)) stream.add_dummy();
    const size_t longest = random.chance(0.02) ? 65535 : 4 * format.data_bytes();
    const bool is_v6 = random.chance(0.3);
    const size_t length = (is_v6 ? 40 : 20) + random.below(longest - 60);
    stream.add(testing::make_packet(length, number++, is_v6),
               [&] { return random.chance(pads) ? 1 + static_cast<unsigned>(random.below(3)) : 0; });
    if (random.chance(ends)) stream.end_cell();
  }
  return stream;
}

// Which cells arrive, when and in what order: each at most once, as behind a replay window.
std::vector<Fate> draw_fates(Random& random, size_t cells) {
  const double loss = random.chance(0.3) ? 0 : random.unit() * 0.2;
  const double late = random.chance(0.3) ? 0 : random.unit() * 0.3;
  const uint64_t reach_us = 1 + random.below(random.chance(0.3) ? 20'000 : 500);
  const double forged = random.chance(0.5) ? 0 : 0.2;
  std::vector<Fate> fates;
  Instant now{1'000'000};
  for (uint32_t sequence = 1; sequence <= cells; ++sequence) {
    now = now + microseconds(static_cast<int64_t>(random.below(40)));
    if (random.chance(0.001)) sequence += static_cast<uint32_t>(random.below(200));  // a burst of losses
    if (random.chance(loss) || sequence > cells) continue;
    const auto extra = random.chance(late) ? static_cast<int64_t>(random.below(reach_us)) : 0;
    fates.push_back({sequence, now + microseconds(extra), random.chance(forged)});
  }
  std::stable_sort(fates.begin(), fates.end(), [](const Fate& a, const Fate& b) { return a.at < b.at; });
  return fates;
}

// Empty where the two agree on every packet and every count, else where they first did not.
std::string disagreement(uint64_t seed) {
  Random random(seed);
  const wire::CellFormat format(random.chance(0.5) ? 256 : 1472);
  const size_t window = 1 + random.below(random.chance(0.5) ? 8 : 100);
  const CellStream stream = draw_stream(format, random, 300);
  SlowReassembly model(stream, static_cast<uint32_t>(window), kTimer);
  Reassembler reassembler(format, window, kTimer);
  const ReassemblyCounters& counters = reassembler.counters();
  size_t packets = 0;
  for (const Fate& fate : draw_fates(random, stream.payloads().size())) {
    const std::string where = "seed " + std::to_string(seed) + ", cell " + std::to_string(fate.sequence);
    if (fate.forged_before) {
      if (forge(reassembler, fate.sequence, format.payload_bytes())) ++model.late;
    }
    const auto got = open(reassembler, fate.at, fate.sequence, stream.payloads()[fate.sequence - 1]);
    packets += got.size();
    if (got != model.handle_cell(fate.at, fate.sequence)) return "packets after " + where;
    if (counters.cells_lost.value() != model.lost) return "lost cells after " + where;
    if (counters.cells_late.value() != model.late) return "late cells after " + where;
    if (!random.chance(0.05)) continue;
    const Instant later = fate.at + microseconds(static_cast<int64_t>(random.below(7000)));
    reassembler.handle_timeout(later);
    const auto timed_out = poll_all(reassembler);
    packets += timed_out.size();
    if (timed_out != model.handle_timeout(later)) return "packets by the clock after " + where;
  }
  if (counters.packets.value() != packets) return "counted packets";
  if (counters.blocks_malformed.value() != 0) return "malformed blocks";
  return "";
}

RC_GTEST_PROP(Reassembler, AgreesWithASlowModel, (uint64_t seed)) {
  RC_ASSERT(disagreement(seed) == "");
}

TEST(Reassembler, AgreesWithASlowModelOverManySeeds) {
  for (uint64_t seed = 0; seed < 2000; ++seed) ASSERT_EQ(disagreement(seed), "");
}

class ReassemblerCase : public ::testing::Test {
 protected:
  wire::CellFormat format{256};
  Reassembler reassembler{format, 4, kTimer};
  Instant now{1'000'000};

  std::vector<Packet> take(const CellStream& stream, uint32_t sequence) {
    return open(reassembler, now, sequence, stream.payloads()[sequence - 1]);
  }
  static unsigned no_pads() { return 0; }
};

TEST_F(ReassemblerCase, AllPadBetweenTheFragmentsOfAPacketIsSkipped) {
  CellStream stream(format);
  const Packet packet = testing::make_packet(900, 1);
  stream.add(packet, [] { return 2; });
  std::vector<Packet> got;
  for (uint32_t s = 1; s <= stream.payloads().size(); ++s) {
    for (auto& one : take(stream, s)) got.push_back(one);
  }
  EXPECT_EQ(got, std::vector<Packet>(1, packet));
  EXPECT_EQ(reassembler.counters().cells_dummy.value(), 8u);  // two in each of four gaps
}

TEST_F(ReassemblerCase, AWindowThatIsPassedGivesTheGapUp) {
  CellStream stream(format);
  for (uint32_t i = 0; i < 8; ++i) {
    stream.add(testing::make_packet(100, i), no_pads);
    stream.end_cell();
  }
  EXPECT_EQ(take(stream, 1).size(), 1u);
  EXPECT_TRUE(take(stream, 3).empty());
  EXPECT_TRUE(take(stream, 4).empty());
  EXPECT_TRUE(take(stream, 5).empty());
  EXPECT_EQ(take(stream, 6).size(), 4u) << "the window of four passed cell 2";
  EXPECT_EQ(reassembler.counters().cells_lost.value(), 1u);
  EXPECT_TRUE(take(stream, 2).empty());
  EXPECT_EQ(reassembler.counters().cells_late.value(), 1u);
}

TEST_F(ReassemblerCase, AnOldGapIsGivenUpByTheClock) {
  CellStream stream(format);
  for (uint32_t i = 0; i < 4; ++i) {
    stream.add(testing::make_packet(100, i), no_pads);
    stream.end_cell();
  }
  EXPECT_TRUE(take(stream, 2).empty());
  reassembler.handle_timeout(now + kTimer - nanoseconds(1));
  EXPECT_TRUE(poll_all(reassembler).empty());
  reassembler.handle_timeout(now + kTimer);
  EXPECT_EQ(poll_all(reassembler).size(), 1u);
}

TEST_F(ReassemblerCase, APacketTornByALostCellIsCountedAndTheNextOneFound) {
  CellStream stream(format);
  stream.add(testing::make_packet(1000, 1), no_pads);
  stream.add(testing::make_packet(500, 2), no_pads);
  std::vector<Packet> got;
  for (uint32_t s = 1; s <= stream.payloads().size(); ++s) {
    if (s == 3) continue;
    for (auto& one : take(stream, s)) got.push_back(one);
  }
  reassembler.handle_timeout(now + kTimer);
  for (auto& one : poll_all(reassembler)) got.push_back(one);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(testing::number_of(got[0]), 2u);
  EXPECT_EQ(reassembler.counters().packets_torn.value(), 1u);
}

TEST_F(ReassemblerCase, ResetForgetsWhatWasUnfinished) {
  CellStream stream(format);
  stream.add(testing::make_packet(1000, 1), no_pads);
  take(stream, 1);
  take(stream, 3);
  reassembler.reset();
  EXPECT_EQ(reassembler.counters().packets_torn.value(), 1u);
  CellStream next(format);
  next.add(testing::make_packet(300, 2), no_pads);
  EXPECT_TRUE(take(next, 1).empty());
  EXPECT_EQ(take(next, 2), std::vector<Packet>(1, next.placed()[0].packet));
}

TEST_F(ReassemblerCase, LossReportsComeOutOfPads) {
  Payload dummy = testing::empty_payload(format);
  wire::store_pad({dummy.data() + wire::kAggfragHeaderBytes, format.data_bytes()}, 1234);
  EXPECT_EQ(reassembler.poll_loss_report(), std::nullopt);
  open(reassembler, now, 1, dummy);
  EXPECT_EQ(reassembler.poll_loss_report(), 1234);
  EXPECT_EQ(reassembler.poll_loss_report(), std::nullopt);
  CellStream stream(format);
  stream.add(testing::make_packet(100, 0), no_pads);
  Payload padded = stream.payloads()[0];
  wire::store_pad({padded.data() + wire::kAggfragHeaderBytes + 100, format.data_bytes() - 100}, 7);
  EXPECT_EQ(open(reassembler, now, 2, padded).size(), 1u);
  EXPECT_EQ(reassembler.poll_loss_report(), 7);
}

}  // namespace
}  // namespace cuttle
