// Lanes that change their plan while they run: when, that no slot is lost or too many, and that lanes which
// change together go on taking turns.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "../seeded_keys.hh"
#include "engine/cell_socket_double.hh"
#include "engine/paced_lanes.hh"
#include "engine/pacing.hh"
#include "engine/packet_device_double.hh"

namespace cuttle {
namespace {

constexpr uint32_t kCellBytes = 1472;

SlotPlan plan_of(uint64_t rate_bps, uint32_t lanes, uint32_t jitter, bool scatter = false,
                 Duration slot = microseconds(1500)) {
  SlotPlan plan{};
  CUTTLE_CHECK(plan_slots({.cell_bytes = kCellBytes,
                           .rate_bps = rate_bps,
                           .slot = slot,
                           .jitter_percent = jitter,
                           .scatter = scatter,
                           .node_lanes = lanes},
                          plan),
               "a plan");
  return plan;
}

struct Release {
  Instant at;
  size_t lane;
  uint32_t step;
  uint32_t cells;
};

// Lanes of one pacer that is never late, or as late as it is told.
class Pacer {
 public:
  Pacer(size_t lanes, const std::vector<SlotPlan>& plans, uint64_t seed) : paced_(lanes) {
    for (size_t i = 0; i < lanes; ++i) {
      auto [socket, other] = CellSocketDouble::create_pair();
      LaneSetup setup{.index = 0,
                      .format = wire::CellFormat(kCellBytes),
                      .steps = SlotSteps(plans, 0),
                      .own_key = testing::key_of(1).public_key(),
                      .allowed_sources = {},
                      .allowed_destinations = {},
                      .cell_ends = {},
                      .inner_mtu = 1500,
                      .sealing = microseconds(10),
                      .epoch = Instant{static_cast<int64_t>(100'000 * i)},
                      .seed = seed,
                      .draws = seed + i};
      lanes_.push_back(std::make_unique<Lane>(std::move(setup), std::make_unique<PacketDeviceDouble>(),
                                              std::move(socket)));
      others_.push_back(std::move(other));
      paced_.handle_join(*lanes_.back(), Instant{0});
    }
  }

  Lane& lane(size_t i) { return *lanes_[i]; }
  void change(ChangeStep change) {
    for (const auto& lane : lanes_) lane->sender.handle_change(change);
  }
  // `late`: of the releases between these instants.
  std::vector<Release> run_until(Instant end, Duration late = {}, Instant from = {}, Instant until = {}) {
    std::vector<Release> releases;
    while (paced_.next().deadline < end) {
      Lane& lane = *paced_.next().lane;
      const Instant deadline = lane.sender.deadline();
      now_ = std::max(now_, deadline);
      if (deadline >= from && deadline < until) now_ = std::max(now_, deadline + late);
      lane.sender.poll_train();
      const SlotPlan& plan = lane.sender.plan();
      const auto index = static_cast<size_t>(
          std::ranges::find_if(lanes_, [&](const auto& one) { return one.get() == &lane; }) - lanes_.begin());
      releases.push_back({deadline, index, lane.sender.step(), plan.cells_per_release()});
      lane.sender.handle_released(now_);
      paced_.handle_released();
    }
    return releases;
  }

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<CellSocketDouble>> others_;
  PacedLanes paced_;
  Instant now_{};
};

ChangeStep change_at(Instant at, uint32_t step = 1) {
  return {step, at, at - milliseconds(50)};
}

double cells_between(const std::vector<Release>& releases, size_t lane, Instant from, Instant until) {
  double cells = 0;
  for (const Release& one : releases) {
    if (one.lane == lane && one.at >= from && one.at < until) cells += one.cells;
  }
  return cells;
}

RC_GTEST_PROP(ChangeStep, EachLaneChangesAtItsFirstSlotFromThenOnAndKeepsBothRates, ()) {
  const auto lanes = static_cast<uint32_t>(*rc::gen::inRange(1, 5));
  const auto jitter = *rc::gen::element(0u, 40u, 100u);
  const bool scatter = *rc::gen::inRange(0, 4) == 0;
  const uint64_t slow = *rc::gen::element<uint64_t>(5'000'000, 20'000'000, 47'000'000);
  const uint64_t fast = slow * *rc::gen::inRange<uint64_t>(2, 9);
  const bool up = *rc::gen::arbitrary<bool>();
  const std::vector plans{plan_of(up ? slow : fast, lanes, jitter, scatter),
                          plan_of(up ? fast : slow, lanes, jitter, scatter)};
  Pacer pacer(lanes, plans, *rc::gen::inRange<uint64_t>(0, 1000));
  const Instant at = Instant{0} + milliseconds(500) + Duration{*rc::gen::inRange<int64_t>(0, 20'000'000)};
  pacer.change(change_at(at));
  const Instant end = Instant{0} + milliseconds(1000);
  const auto releases = pacer.run_until(end);
  for (size_t lane = 0; lane < lanes; ++lane) {
    uint32_t step = 0;
    for (const Release& one : releases) {
      if (one.lane != lane) continue;
      RC_ASSERT(one.step >= step);
      if (one.step == 1) RC_ASSERT(one.at >= at);
      // What its last slot still holds.
      if (one.step == 0) RC_ASSERT(one.at < at + plans[0].period());
      step = one.step;
    }
    RC_ASSERT(step == 1u);
    const auto expected = [&](const SlotPlan& plan, Instant from, Instant until) {
      return static_cast<double>((until - from).ns) / static_cast<double>(plan.period().ns) *
             plan.cells_per_slot;
    };
    // No more than four slots of each is the seam, or one end of what is counted.
    const double before = cells_between(releases, lane, Instant{0}, at);
    RC_ASSERT(std::abs(before - expected(plans[0], Instant{0}, at)) <= 4.0 * plans[0].cells_per_slot);
    const double after = cells_between(releases, lane, at, end);
    RC_ASSERT(std::abs(after - expected(plans[1], at, end)) <=
              4.0 * plans[1].cells_per_slot + 4.0 * plans[1].cells_per_slot *
                                                  static_cast<double>(plans[0].period().ns) /
                                                  static_cast<double>(plans[1].period().ns));
  }
}

// Slots of a coming plan are there for all lanes before the first of them uses one.
TEST(ChangeStep, LanesThatChangeTogetherTakeTurnsFromTheFirstSlotOn) {
  const std::vector plans{plan_of(20'000'000, 3, 100), plan_of(80'000'000, 3, 100)};
  Pacer pacer(3, plans, 4);
  pacer.change(change_at(Instant{0} + milliseconds(200)));
  const auto releases = pacer.run_until(Instant{0} + milliseconds(400));
  std::vector<size_t> order;
  for (const Release& one : releases) {
    if (one.step == 1) order.push_back(one.lane);
  }
  ASSERT_GT(order.size(), 300u);
  for (size_t i = 3; i < order.size(); ++i) EXPECT_EQ(order[i], order[i - 3]) << i;
  EXPECT_NE(order[0], order[1]);
  EXPECT_NE(order[1], order[2]);
}

// However late the pacer is at the time, as many cells leave, and the schedule of later is the same.
RC_GTEST_PROP(ChangeStep, ALatePacerLosesNoSlotOverAChange, ()) {
  const std::vector plans{plan_of(20'000'000, 2, 100), plan_of(100'000'000, 2, 100)};
  const uint64_t seed = *rc::gen::inRange<uint64_t>(0, 1000);
  const Instant at = Instant{0} + milliseconds(200);
  const auto run = [&](Duration late) {
    Pacer pacer(2, plans, seed);
    pacer.change(change_at(at));
    const auto releases =
        pacer.run_until(Instant{0} + milliseconds(500), late, at - milliseconds(3), at + milliseconds(1));
    return std::pair(releases.size(), releases.back().at);
  };
  RC_ASSERT(run(microseconds(*rc::gen::inRange(1, 40'000))) == run({}));
}

// That of a busy host takes longer: payloads come out of another CPU's cache.
TEST(ChangeStep, HowLongSealingTookDoesNotShowBetweenLanesThatChangedTogether) {
  const std::vector plans{plan_of(20'000'000, 3, 0), plan_of(80'000'000, 3, 0)};
  const auto run = [&](bool busy) {
    Pacer pacer(3, plans, 4);
    pacer.change(change_at(Instant{0} + milliseconds(200)));
    for (size_t i = 0; i < 3 && busy; ++i) pacer.lane(i).seal_lead.handle_sealed(microseconds(30));
    std::vector<Instant> instants;
    for (const Release& one : pacer.run_until(Instant{0} + milliseconds(300))) instants.push_back(one.at);
    return instants;
  };
  EXPECT_EQ(run(false), run(true));
}

TEST(ChangeStep, ANewerChangeReplacesOneThatWaitsAndOneToThePresentPlanEndsIt) {
  const std::vector plans{plan_of(20'000'000, 2, 100), plan_of(80'000'000, 2, 100)};
  Pacer pacer(2, plans, 7);
  pacer.change(change_at(Instant{0} + milliseconds(200)));
  pacer.run_until(Instant{0} + milliseconds(180));  // has its place by then
  pacer.change(change_at(Instant{0} + milliseconds(210), 0));
  for (const Release& one : pacer.run_until(Instant{0} + milliseconds(400))) EXPECT_EQ(one.step, 0u);
  EXPECT_FALSE(pacer.lane(0).sender.coming_change());
  pacer.change(change_at(Instant{0} + milliseconds(450)));
  pacer.run_until(Instant{0} + milliseconds(600));
  EXPECT_EQ(pacer.lane(0).sender.step(), 1u);
  EXPECT_EQ(pacer.lane(1).sender.step(), 1u);
}

// An instant that has gone: one a whole number of 100 ms later, whenever it was heard of.
TEST(ChangeStep, WhatComesTooLateWaitsForTheNextOfItsInstants) {
  const std::vector plans{plan_of(20'000'000, 1, 100), plan_of(80'000'000, 1, 100)};
  for (const int64_t heard_ms : {310, 350, 390}) {
    Pacer pacer(1, plans, 7);
    pacer.run_until(Instant{0} + milliseconds(heard_ms));
    pacer.change(change_at(Instant{0} + milliseconds(300)));
    EXPECT_EQ(pacer.lane(0).sender.coming_change()->at, Instant{0} + milliseconds(400));
  }
}

TEST(ChangeStep, WhatWaitsIsBoundedByThePlanOfTheTime) {
  const std::vector plans{plan_of(400'000'000, 1, 100), plan_of(40'000'000, 1, 100)};
  Pacer pacer(1, plans, 7);
  Lane& lane = pacer.lane(0);
  const size_t at_first = lane.ring.capacity();
  pacer.change(change_at(Instant{0} + milliseconds(20)));
  pacer.run_until(Instant{0} + milliseconds(40));
  EXPECT_EQ(lane.sender.step(), 1u);
  EXPECT_EQ(lane.ring.capacity(), at_first) << "the ring is large enough for both";
  std::vector<uint8_t> packet(1400, 1);
  packet[0] = 0x45;
  store_be16(packet.data() + 2, 1400);
  size_t taken = 0;
  while (lane.packer.packets_dropped() == 0) lane.packer.handle_copy(packet), ++taken;
  const LaneSizes sizes = lane_sizes(plans[1], lane.format);
  lane.packer.handle_waiting();
  EXPECT_LE(lane.ring.waiting(), sizes.ahead_cells + 1);
}

}  // namespace
}  // namespace cuttle
