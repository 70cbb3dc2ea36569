// What becomes of figures: when an accuracy is called a leak, when chance, when nothing.
#include <gtest/gtest.h>

#include "audit/audit.hh"

namespace cuttle::audit {
namespace {

ModelResult model(const std::string& name, double accuracy) {
  return {.name = name, .score = {.accuracy = accuracy, .accuracy_95 = {accuracy - 0.039, accuracy + 0.039}}};
}

PairResult pair_of(const std::string& load, size_t blocks) {
  PairResult pair;
  pair.class_name[0] = "idle";
  pair.class_name[1] = load;
  for (const int label : {0, 1}) {
    pair.windows[label] = 24 * blocks;
    pair.blocks[label] = blocks;
  }
  pair.attackers = {model("trees on features", 0.52)};
  pair.all_links = pair.attackers[0];
  pair.permutation = {.p = 0.4};
  for (const char* link : {"a -> b", "b -> a", "a -> c", "c -> a", "b -> c", "c -> b"})
    pair.each_link.push_back(model(link, 0.5));
  return pair;
}

AuditResult judged(std::vector<PairResult> pairs) {
  AuditResult result;
  result.pairs = std::move(pairs);
  result.max_accuracy = 0.55;
  result.windows_needed = windows_needed(0.55);
  judge(result);
  return result;
}

TEST(Judge, TakesTheBestOfManyLinksForChanceWhenShufflingDoesAsWell) {
  PairResult pair = pair_of("read", 13);
  pair.each_link[2] = model("a -> c", 0.571);
  pair.link_permutation = {.p = 0.2};
  EXPECT_EQ(judged({pair}).verdict, Verdict::within_bound);
}

TEST(Judge, CallsALinkThatStandsOutFromShuffledOnesALeak) {
  PairResult pair = pair_of("read", 13);
  pair.each_link[2] = model("a -> c", 0.6);
  pair.link_permutation = {.p = 0.01};
  const AuditResult result = judged({pair});
  EXPECT_EQ(result.verdict, Verdict::leaks);
  EXPECT_NE(result.reason.find("a -> c alone"), std::string::npos) << result.reason;
}

TEST(Judge, AsksMoreOfALinkTheMoreLoadsThereAre) {
  PairResult pair = pair_of("read", 13);
  pair.each_link[2] = model("a -> c", 0.6);
  pair.link_permutation = {.p = 0.02};
  EXPECT_EQ(judged({pair}).verdict, Verdict::leaks);
  EXPECT_EQ(judged({pair, pair_of("write", 13)}).verdict, Verdict::within_bound);
  pair.link_permutation = {.p = 0.01};
  EXPECT_EQ(judged({pair, pair_of("write", 13), pair_of("small", 13)}).verdict, Verdict::leaks);
}

TEST(Judge, DoesNotLetWhatHappensOnceTakeTheVerdictFromWhatIsJudged) {
  PairResult once = pair_of("recovery", 13);
  once.blocks[1] = 1;
  const AuditResult result = judged({pair_of("write", 13), once});
  EXPECT_EQ(result.verdict, Verdict::within_bound);
  EXPECT_NE(result.reason.find("recovery is not judged"), std::string::npos) << result.reason;
}

TEST(Judge, GivesNoVerdictWhereNothingCanBeJudged) {
  PairResult once = pair_of("write", 13);
  once.blocks[1] = 1;
  EXPECT_EQ(judged({once}).verdict, Verdict::not_judged);
  PairResult few = pair_of("write", 3);
  EXPECT_EQ(judged({few, pair_of("read", 13)}).verdict, Verdict::not_judged);
}

}  // namespace
}  // namespace cuttle::audit
