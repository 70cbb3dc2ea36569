// Nodes of a ladder that yields: what they count, what they tell each other of it, and what they do.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include "ladder_group.hh"

namespace cuttle {
namespace {

using namespace ladder_group;

constexpr uint64_t kMiddle = 150'000'000;

ladder::Settings yielding_settings(uint32_t bits = 120) {
  ladder::Settings settings = settings_of(bits);
  settings.rates_bps = {kSlow, kMiddle, kFast};
  settings.yields = true;
  return settings;
}

// A group whose nodes need the top.
std::unique_ptr<Group> busy_group(size_t count, uint32_t bits = 120) {
  auto group = std::make_unique<Group>(count, yielding_settings(bits));
  for (const auto& node : group->nodes) node->need(300e6);
  return group;
}
// What both ends of the link of the first two nodes have room for.
void narrow(Group& group, double bps) {
  Link& link = *group.nodes[0]->owned[0];
  link.carries_bps = link.other->carries_bps = bps;
}
double lost_on_first_link(const Group& group) {
  const Link& link = *group.nodes[0]->owned[0];
  const auto rate =
      static_cast<double>(group.nodes[0]->control.settings().rates_bps[link.sent_step(group.now)]);
  return std::max(0.0, 1 - link.carries_bps / rate);
}

TEST(LadderYielding, AllGoDownForOnePathAndUpAgainWhenItIsWide) {
  const auto group = busy_group(3);
  group->run(seconds(60));
  ASSERT_EQ(group->steps(), Steps{2});
  narrow(*group, 200e6);
  group->run(seconds(40));
  EXPECT_EQ(group->steps(), Steps{1}) << "to the step that it carries, and no further";
  EXPECT_EQ(lost_on_first_link(*group), 0);
  const auto& worst = group->nodes[0]->control.worst();
  ASSERT_TRUE(worst);
  narrow(*group, 1e12);
  group->run(kEpoch * (ladder::Yielding::kQuietEpochs + 4));
  EXPECT_EQ(group->steps(), Steps{2});
  for (const auto& node : group->nodes) {
    EXPECT_EQ(node->control.keeper().changes_today(), 2u);
    EXPECT_FALSE(node->control.keeper().is_cut());
    for (const auto& link : node->owned) {
      for (const auto& [change, when] : link->changes) EXPECT_EQ((kBegin_ns + change.at.ns) % kEpoch.ns, 0);
    }
  }
}

// What was lost before a change, and while queues empty after it, counts for nothing: or it would be two
// steps.
TEST(LadderYielding, AStretchOfTwoRatesSaysNothing) {
  const auto group = busy_group(2);
  group->run(seconds(60));
  narrow(*group, 200e6);
  group->run(seconds(300));
  for (const auto& told : group->nodes[0]->owned[0]->changes) EXPECT_GE(told.change.step, 1u);
  EXPECT_GE(group->nodes[0]->control.yielding()->counters().unknown, 2u);
}

// The third node's paths lose nothing; it hears of it from the one that does, and from nobody else.
TEST(LadderYielding, ANodeThatOnlyItsPeersTellOfLossesYields) {
  const auto group = busy_group(2);
  group->run(seconds(60));
  group->nodes[0]->owned[0]->carries_bps = 200e6;  // from it, not to it
  group->run(seconds(40));
  const auto& worst = group->nodes[0]->control.worst();
  ASSERT_TRUE(worst);
  EXPECT_EQ(group->nodes[0]->control.yielding()->counters().falls, 1u);
  EXPECT_EQ(group->nodes[0]->control.told_step(), 1u);
}

wire::LadderMessage lie(const Node& node, uint64_t epoch, uint16_t lost) {
  return {.kind = wire::LadderKind::need,
          .step = 2,
          .fingerprint = node.control.settings().fingerprint(),
          .epoch = epoch,
          .author = 999,
          .ceiling = 2,
          .lost_65536ths = lost};
}

TEST(LadderYielding, AReportThatLiesMovesTheCeilingByAStepAnEpoch) {
  Node node(yielding_settings(), 5, kBegin_ns);
  node.owned.push_back(std::make_unique<Link>());
  Link& link = *node.owned.back();
  link.step = node.control.told_step();
  Instant now{};
  uint32_t before = 2;
  for (int i = 0; i < 600; ++i, now = now + milliseconds(100)) {
    const auto epoch = static_cast<uint64_t>((kBegin_ns + now.ns) / kEpoch.ns) + 1;
    for (const uint64_t about : {epoch - 1, epoch, epoch + 1}) link.inbox.push_back(lie(node, about, 65'534));
    node.control.handle_time(now, static_cast<uint64_t>(kBegin_ns + now.ns), node.links());
    const uint32_t ceiling = node.control.yielding()->ceiling();
    EXPECT_LE(before - ceiling, 1u);
    EXPECT_GE(ceiling + 1, node.control.told_step()) << "one below what is sent, at the most";
    before = ceiling;
  }
  EXPECT_EQ(node.control.told_step(), 0u);
  EXPECT_GE(node.control.keeper().counters().held_by_budget, 0u);
}

TEST(LadderYielding, TheBreakerSaysWhichLinkAndWhatWasLost) {
  const auto group = busy_group(3);
  group->run(seconds(60));
  narrow(*group, 0.8 * kSlow);
  group->run(kEpoch * (ladder::Yielding::kCutAfter + 2));
  EXPECT_FALSE(group->nodes[0]->control.keeper().is_cut()) << "it can go down";
  group->run(kEpoch * (ladder::Yielding::kCutAfter + 2));
  ASSERT_TRUE(group->nodes[0]->control.keeper().is_cut());
  const auto& cut = group->nodes[0]->control.cut();
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->link, group->nodes[0]->owned[0].get());
  EXPECT_NEAR(cut->lost_65536ths / 65'536.0, 0.2, 0.01);
  narrow(*group, 1e12);
  group->run(seconds(1200));
  EXPECT_EQ(group->steps(), Steps{0}) << "until the day ends, and all with it";
  EXPECT_FALSE(group->nodes[2]->control.keeper().is_cut());
  group->run(seconds(ladder::kDay_s));
  EXPECT_EQ(group->steps(), Steps{2});
}

TEST(LadderYielding, ALinkThatWentIsNoCauseAnyMore) {
  const auto group = busy_group(2);
  group->run(seconds(60));
  narrow(*group, 200e6);
  group->run(seconds(20));
  Node& node = *group->nodes[0];
  ASSERT_TRUE(node.control.worst() && node.control.worst()->link != nullptr);
  node.control.handle_time(group->now, static_cast<uint64_t>(group->wall_ns()), {});
  EXPECT_EQ(node.control.worst()->link, nullptr);
}

// The wire of a mesh that does not yield is what it was.
TEST(LadderYielding, OneThatDoesNotSaysNothingOfLosses) {
  for (const bool yields : {false, true}) {
    ladder::Settings settings = yielding_settings();
    settings.yields = yields;
    Group group(2, settings);
    narrow(group, 10e6);
    Link& link = *group.nodes[0]->owned[0];  // of the node that looks first: what the other said waits
    bool is_said = false;
    for (int i = 0; i < 600; ++i) {
      group.run(milliseconds(100));
      for (const auto& message : link.inbox) is_said |= message.lost_65536ths != 0 || message.ceiling != 0;
    }
    EXPECT_EQ(is_said, yields);
    EXPECT_EQ(group.nodes[0]->control.yielding() != nullptr, yields);
  }
}

RC_GTEST_PROP(LadderYielding, WhateverIsHeardAndLostItKeepsTheBudget, ()) {
  ladder::Settings settings = yielding_settings(*rc::gen::inRange(40u, 120u));
  settings.lower_after = seconds(20);
  Random random(*rc::gen::arbitrary<uint64_t>());
  keeps_the_budget(
      settings, random,
      [&](wire::LadderMessage& message) {
        message.ceiling = static_cast<uint8_t>(random.below(5));
        message.lost_65536ths = static_cast<uint16_t>(random.below(65'536));
      },
      [&](Link& link) {
        link.cells = {random.below(1000), random.below(200)};
        link.needed_bps = random.unit() * 5e8;
      });
}

}  // namespace
}  // namespace cuttle
