// The ladder of a node, and a group of them: when they change, to what, and what nothing makes them do.
#include "engine/ladder_control.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>

#include "ladder_group.hh"

namespace cuttle {
namespace {

using namespace ladder_group;

TEST(LadderControl, AllLinksGoDownTogetherAndUpTogetherAtTheBeginningOfAnEpoch) {
  Group group(4);
  group.run(seconds(120));
  EXPECT_EQ(group.steps(), Steps{0}) << "nothing was needed";
  group.nodes[2]->need(100e6);
  group.run(seconds(20));
  EXPECT_EQ(group.steps(), Steps{1}) << "one node needs it, at once";
  group.nodes[2]->need(0);
  group.run(seconds(60));
  EXPECT_EQ(group.steps(), Steps{0});
  const auto& first = group.nodes[0]->owned[0]->changes;
  ASSERT_EQ(first.size(), 3u);
  for (const auto& node : group.nodes) {
    for (const auto& link : node->owned) {
      ASSERT_EQ(link->changes.size(), first.size());
      for (size_t i = 0; i < first.size(); ++i) {
        const auto& [change, when] = link->changes[i];
        EXPECT_EQ(change, first[i].change);
        EXPECT_EQ((kBegin_ns + change.at.ns) % kEpoch.ns, 0);
        EXPECT_GE(change.place_at - when, seconds(1)) << "told well ahead";
        EXPECT_EQ(change.at - change.place_at, seconds(2));
      }
    }
    EXPECT_EQ(node->control.keeper().changes_today(), 3u);
    EXPECT_EQ(node->control.coordinator(), ladder::NodeNumber{100});
    EXPECT_EQ(node->control.keeper().counters().disagreements, 0u);
    EXPECT_EQ(node->control.counters().out_of_place, 0u);
  }
}

// A link that is full does not ask for more than it has.
TEST(LadderControl, AFullLinkNeedsTheNextStep) {
  Group group(2);
  group.run(seconds(120));
  EXPECT_EQ(group.steps(), Steps{0});
  group.nodes[0]->need(0.75 * kSlow);
  group.run(seconds(20));
  EXPECT_EQ(group.steps(), Steps{0});
  group.nodes[0]->need(0.97 * kSlow);
  group.run(seconds(20));
  EXPECT_EQ(group.steps(), Steps{1});
}

TEST(LadderControl, AnotherNodeTakesOverFromACoordinatorThatDies) {
  Group group(3);
  group.run(seconds(120));
  group.nodes[0]->runs = false;
  group.nodes[2]->need(100e6);
  group.run(seconds(50));
  EXPECT_EQ(group.nodes[1]->control.coordinator(), ladder::NodeNumber{101});
  EXPECT_EQ(group.steps(), Steps{1});
  EXPECT_EQ(group.nodes[2]->control.counters().coordinator_changes, 1u);
  EXPECT_GT(group.nodes[2]->control.keeper().counters().held_unsaid, 0u);
}

// It is at the top and heard nobody; it would lift all others.
TEST(LadderControl, ACoordinatorThatStartsAnewDoesNotLiftTheOthers) {
  Group group(3);
  group.run(seconds(120));
  EXPECT_EQ(group.steps(), Steps{0});
  auto fresh = std::make_unique<Node>(settings_of(), 1, group.wall_ns());
  group.add(std::move(fresh));
  group.run(seconds(100));
  EXPECT_EQ(group.steps(), Steps{0});
  EXPECT_EQ(group.nodes[1]->control.coordinator(), ladder::NodeNumber{1});
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(group.nodes[i]->control.keeper().changes_today(), 1u);
}

// What it knows is of before: that the others needed more, and when.
TEST(LadderControl, ACoordinatorThatWasAwayDoesNotLiftTheOthers) {
  Group group(3);
  Node& away = *group.nodes[0];
  away.need(100e6);
  group.run(seconds(60));
  ASSERT_EQ(group.steps(), Steps{1});
  away.need(0);
  away.runs = false;
  group.run(seconds(120));
  ASSERT_EQ(group.steps(), Steps{0});
  away.runs = true;
  group.run(seconds(60));
  EXPECT_EQ(group.steps(), Steps{0});
  for (size_t i = 1; i < 3; ++i) EXPECT_EQ(group.nodes[i]->control.keeper().changes_today(), 1u);
}

// It hears the needs of one that is not the coordinator, which hears the one that is.
TEST(LadderControl, ANodeWithoutALinkToTheCoordinatorGoesToTheTop) {
  Group group(3);
  group.run(seconds(120));
  EXPECT_EQ(group.steps(), Steps{0});
  Node& alone = *group.nodes[2];
  alone.owned[0]->is_cut = alone.owned[0]->other->is_cut = true;
  group.run(seconds(120));
  EXPECT_EQ(alone.control.coordinator(), ladder::NodeNumber{101});
  EXPECT_EQ(alone.control.told_step(), 1u);
  EXPECT_EQ(group.nodes[1]->control.told_step(), 0u);
  EXPECT_GT(alone.control.keeper().counters().held_unsaid, 5u);
}

TEST(LadderControl, ABudgetOfOneChangeStaysAtTheTop) {
  // One change of 8,640 epochs is 13.08 bits, two are 25.2.
  Group group(2, settings_of(20));
  group.run(seconds(300));
  EXPECT_EQ(group.steps(), Steps{1});
  EXPECT_GT(group.nodes[0]->control.keeper().counters().held_by_budget, 0u);
  EXPECT_EQ(group.nodes[0]->control.keeper().changes_today(), 0u);
}

TEST(LadderControl, AThreadThatComesTooLateChangesNothingInsideAnEpoch) {
  Group group(2);
  group.run(seconds(120));
  Node& late = *group.nodes[1];
  const int64_t into = (kBegin_ns + group.now.ns) % kEpoch.ns;
  group.run(kEpoch - Duration{into});
  group.nodes[0]->need(100e6);
  // Until 1 s before the next epoch begins, past the instant at which the pacers are to be told.
  group.run(seconds(5));
  late.runs = false;
  group.run(seconds(4));
  late.runs = true;
  group.run(milliseconds(500));
  EXPECT_EQ(late.owned[0]->step, 0u);
  EXPECT_EQ(late.control.keeper().counters().held_late, 1u);
  group.run(kEpoch);
  EXPECT_EQ(group.steps(), Steps{1}) << "with the next epoch it is with the others again";
}

TEST(LadderControl, AClockThatIsSetMovesNoChangeIntoAnEpoch) {
  Group group(2);
  group.run(seconds(120));
  for (const Duration wrong : {seconds(3600), seconds(-7200), seconds(0), seconds(40 * 86'400), seconds(0)}) {
    group.nodes[1]->clock_wrong = wrong;
    group.run(seconds(35));
  }
  group.run(seconds(100));
  EXPECT_GE(group.nodes[1]->control.keeper().counters().clock_set_back, 2u);
  EXPECT_GT(group.nodes[1]->control.counters().out_of_place, 0u);
  EXPECT_EQ(group.steps(), Steps{0}) << "together again";
}

// It went on alone, at a step that the others left long ago.
TEST(LadderControl, AClockThatWasSetForwardDoesNotLiftTheOthers) {
  Group group(3);
  Node& alone = *group.nodes[0];
  alone.clock_wrong = seconds(-3600);
  alone.need(100e6);
  group.run(seconds(200));
  EXPECT_EQ(alone.control.told_step(), 1u);
  EXPECT_EQ(group.nodes[1]->control.told_step(), 0u);
  alone.need(0);
  alone.clock_wrong = seconds(0);
  group.run(seconds(60));
  EXPECT_EQ(group.steps(), Steps{0});
  for (size_t i = 1; i < 3; ++i) EXPECT_EQ(group.nodes[i]->control.keeper().changes_today(), 1u);
  group.run(seconds(30));
  EXPECT_EQ(group.nodes[2]->control.coordinator(), ladder::NodeNumber{100}) << "it speaks again";
}

// From its beginning to the first round, or to the first link that is up.
TEST(LadderControl, AStartThatTakesLongDoesNotLiftTheOthers) {
  for (const bool runs_meanwhile : {false, true}) {
    ladder::Settings settings = settings_of();
    settings.lower_after = seconds(300);
    Group group(2, settings);
    group.run(seconds(400));
    ASSERT_EQ(group.steps(), Steps{0});
    group.add(std::make_unique<Node>(settings, 1, group.wall_ns()));
    Node& fresh = *group.nodes[2];
    fresh.runs = runs_meanwhile;
    for (const auto& link : fresh.owned) link->is_cut = link->other->is_cut = true;
    group.run(seconds(60));
    fresh.runs = true;
    for (const auto& link : fresh.owned) link->is_cut = link->other->is_cut = false;
    group.run(seconds(100));
    EXPECT_EQ(group.steps(), Steps{0}) << runs_meanwhile;
    EXPECT_EQ(group.nodes[1]->control.coordinator(), ladder::NodeNumber{1});
    for (size_t i = 0; i < 2; ++i) EXPECT_EQ(group.nodes[i]->control.keeper().changes_today(), 1u);
  }
}

// What another life of it told of the day is not known; also where a link noticed it, or the day is a new
// one.
TEST(LadderControl, AMachineThatWasSetBackSpendsItsDayAndGoesToTheTop) {
  enum class How { told, by_a_link, into_another_day };
  for (const How how : {How::told, How::by_a_link, How::into_another_day}) {
    Group group(2);
    group.run(seconds(120));
    Node& restored = *group.nodes[1];
    ASSERT_EQ(restored.control.told_step(), 0u);
    if (how == How::by_a_link) {
      restored.owned[0]->restored = true;
    } else {
      restored.control.handle_restored();
      EXPECT_EQ(restored.control.keeper().changes_left(), 0u) << "at once";
    }
    if (how == How::into_another_day) restored.clock_wrong = seconds(ladder::kDay_s);
    group.run(seconds(120));
    EXPECT_EQ(restored.control.keeper().changes_left(), 0u);
    EXPECT_EQ(restored.control.told_step(), 1u);
    EXPECT_EQ(group.nodes[0]->control.told_step(), 0u);
  }
}

// It is at the top itself, and can afford nothing else.
TEST(LadderControl, ACoordinatorWithNothingLeftDoesNotLiftTheOthers) {
  ladder::Settings settings = settings_of();
  settings.lower_after = seconds(300);
  Group group(3, settings);
  group.run(seconds(400));
  ASSERT_EQ(group.steps(), Steps{0});
  group.nodes[0]->control.handle_restored();
  group.run(seconds(200));
  EXPECT_EQ(group.nodes[2]->control.coordinator(), ladder::NodeNumber{100});
  EXPECT_EQ(group.nodes[0]->control.told_step(), 1u);
  EXPECT_EQ(group.nodes[1]->control.told_step(), 0u);
  EXPECT_EQ(group.nodes[2]->control.told_step(), 0u);
}

TEST(LadderControl, APeerThatSaysMoreThanItMayKeepsNobody) {
  Node node(settings_of(), 5, kBegin_ns);
  node.owned.push_back(std::make_unique<Link>());
  node.owned[0]->flood = 10'000;
  node.control.handle_time(Instant{}, static_cast<uint64_t>(kBegin_ns), node.links());
  EXPECT_EQ(node.owned[0]->flood, 10'000 - LadderControl::kHeardAtATime);
}

// It would be the coordinator by its number, or take back what another needs.
TEST(LadderControl, APeerSpeaksForNobodyElse) {
  for (const ladder::NodeNumber author : {0, 101}) {
    Group group(3);
    group.run(seconds(120));
    const LadderControl& reader = group.nodes[0]->control;
    group.nodes[1]->need(100e6);
    group.nodes[2]->runs = false;
    for (int i = 0; i < 400; ++i) {
      group.run(milliseconds(100));
      const auto coming = static_cast<uint64_t>(group.wall_ns() / kEpoch.ns) + 1;
      group.nodes[0]->owned[1]->inbox.push_back({.kind = wire::LadderKind::need,
                                                 .step = 0,
                                                 .fingerprint = settings_of().fingerprint(),
                                                 .listens = false,
                                                 .epoch = coming,
                                                 .author = author});
    }
    EXPECT_GT(reader.counters().wrong_number, 100u);
    EXPECT_EQ(reader.coordinator(), ladder::NodeNumber{100});
    EXPECT_EQ(reader.link_of(0), nullptr);
    EXPECT_EQ(group.steps(), Steps{1}) << "what the other needs is heard";
  }
}

// Two peers with keys that begin alike, or one peer that has two links.
TEST(LadderControl, ANumberIsOfTheLinkThatSaidItFirst) {
  Group group(3);
  group.run(seconds(120));
  Node& reader = *group.nodes[0];
  reader.owned[1]->peers.insert(101);
  group.nodes[1]->need(100e6);
  for (int i = 0; i < 200; ++i) {
    group.run(milliseconds(100));
    auto& inbox = reader.owned[1]->inbox;
    if (inbox.empty()) continue;
    inbox.push_back(inbox.back());
    inbox.back().author = 101;
    inbox.push_back(inbox[inbox.size() - 2]);
  }
  EXPECT_GT(reader.control.counters().wrong_number, 0u);
  EXPECT_EQ(group.steps(), Steps{1});
}

TEST(LadderControl, ANodeThatChangesItsKeyIsTheNodeThatItWas) {
  Group group(3);
  group.run(seconds(120));
  ASSERT_EQ(group.steps(), Steps{0});
  for (const auto& link : group.nodes[0]->owned) link->other->peers = {100, 7000};
  group.nodes[0]->need(100e6);
  group.run(milliseconds(3300));  // its need was said in part
  group.nodes[0]->control.handle_number(7000);
  group.run(seconds(20));
  EXPECT_EQ(group.steps(), Steps{1});
  for (const auto& node : group.nodes) {
    EXPECT_EQ(node->control.coordinator(), ladder::NodeNumber{101});
    EXPECT_EQ(node->control.counters().wrong_number, 0u);
    EXPECT_EQ(node->control.keeper().changes_today(), 2u);
  }
  EXPECT_NE(group.nodes[2]->control.link_of(7000), nullptr);
  EXPECT_EQ(group.nodes[2]->control.link_of(100), nullptr);
}

TEST(LadderControl, PeersWithAnotherLadderAreCountedAndNotHeard) {
  Group group(1);
  group.add(std::make_unique<Node>(settings_of(47), 200, group.wall_ns()));
  group.nodes[1]->need(100e6);
  group.run(seconds(200));
  EXPECT_GT(group.nodes[0]->control.counters().other_ladder, 0u);
  EXPECT_EQ(group.nodes[0]->control.told_step(), 0u);
  EXPECT_EQ(group.nodes[1]->control.told_step(), 1u);
}

RC_GTEST_PROP(LadderControl, WhateverIsHeardItChangesBetweenEpochsOnlyAndKeepsTheBudget, ()) {
  const ladder::Settings settings{.rates_bps = {1'000'000, 2'000'000, 4'000'000},
                                  .epoch = kEpoch,
                                  .budget_bits = *rc::gen::inRange(0u, 60u),
                                  .lower_after = seconds(20)};
  Random random(*rc::gen::arbitrary<uint64_t>());
  keeps_the_budget(
      settings, random, [](wire::LadderMessage&) {},
      [&](Link& link) { link.needed_bps = random.unit() * 5e6; });
}

}  // namespace
}  // namespace cuttle
