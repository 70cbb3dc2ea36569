// The audit's own test: each planted leak is found, and nothing is found where nothing was planted.
#include <gmock/gmock.h>

#include "audit/self_test.hh"

namespace cuttle::audit {
namespace {

AuditResult audit_of(const SyntheticOptions& options) {
  const SyntheticTrace trace = synthetic_trace(options);
  Progress quiet(Progress::Show::no);
  auto result = run_audit(trace.inputs, trace.spans, "made-up spans",
                          synthetic_audit_options(trace, options.seed, 1), quiet);
  EXPECT_TRUE(result) << result.error().message;
  return std::move(*result);
}

std::string all_findings(const AuditResult& result) {
  std::string text;
  for (const Finding& finding : result.findings) text += finding.text + "\n";
  return text;
}

class Planted : public testing::TestWithParam<Leak> {};

TEST_P(Planted, IsFound) {
  SyntheticOptions options;
  options.leak = GetParam();
  options.seed = 100;
  const AuditResult result = audit_of(options);
  EXPECT_TRUE(result.found(expected_finding(GetParam()))) << all_findings(result);
}

INSTANTIATE_TEST_SUITE_P(Leaks, Planted, testing::ValuesIn(kPlantedLeaks));

class Clean : public testing::TestWithParam<uint64_t> {};

TEST_P(Clean, NothingIsInvented) {
  SyntheticOptions options;
  options.seed = GetParam();
  const AuditResult result = audit_of(options);
  EXPECT_TRUE(result.findings.empty()) << all_findings(result);
  EXPECT_NE(result.verdict, Verdict::leaks) << result.reason;
  EXPECT_NEAR(result.pairs[0].all_links.score.accuracy, 0.5,
              0.075);  // three deviations of 480 windows' accuracy
  EXPECT_EQ(result.survey.foreign_packets, 0u);
  for (const LinkSurvey& link : result.survey.links) {
    EXPECT_EQ(link.slots.cells, 4u);
    EXPECT_NEAR(link.slots.period_ns, 2e6, 50);
    EXPECT_EQ(link.sequence.missing, 0u);
    EXPECT_EQ(link.sequence.sessions, 2u);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Clean, testing::Values(1, 2, 3, 4));

TEST(Findings, NameWhatWasPlanted) {
  SyntheticOptions options;
  options.leak = Leak::skipped_slot;
  options.seed = 7;
  EXPECT_THAT(all_findings(audit_of(options)), testing::HasSubstr("slots left out: 0 a window against"));
}

}  // namespace
}  // namespace cuttle::audit
