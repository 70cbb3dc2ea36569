#include "audit/self_test.hh"

#include <algorithm>

namespace cuttle::audit {

size_t SelfTest::found() const {
  return static_cast<size_t>(std::count_if(cases.begin(), cases.end(), [](const SelfTestCase& one) {
    return one.leak != Leak::none && one.found;
  }));
}

size_t SelfTest::invented() const {
  size_t invented = 0;
  for (const SelfTestCase& one : cases) {
    if (one.leak == Leak::none) invented += one.findings.size();
  }
  return invented;
}

AuditOptions synthetic_audit_options(const SyntheticTrace& trace, uint64_t seed, int threads) {
  AuditOptions options{.nodes = trace.nodes,
                       .shape = {},
                       .line_rate = {},
                       .windows = {},
                       .attack = {},
                       .max_accuracy = 0.55,
                       .classes = {},
                       .schedules = {},
                       .export_to = {}};
  options.windows.window = milliseconds(500);
  options.attack.seed = seed;
  options.attack.permutations = 39;
  options.attack.trees.threads = threads;
  return options;
}

Finding::Kind expected_finding(Leak leak) {
  switch (leak) {
    case Leak::odd_size:
      return Finding::Kind::sizes;
    case Leak::skipped_slot:
    case Leak::burst:
      return Finding::Kind::counts;
    case Leak::foreign_packet:
      return Finding::Kind::foreign;
    case Leak::delay:
    case Leak::deficit:
    case Leak::drift:
    case Leak::behind_draws:
    case Leak::none:
      break;
  }
  return Finding::Kind::timing;
}

Result<SelfTest> run_self_test(uint64_t seed, int threads, Progress& progress) {
  SelfTest test;
  std::vector<Leak> leaks{Leak::none};
  leaks.insert(leaks.end(), std::begin(kPlantedLeaks), std::end(kPlantedLeaks));
  for (const Leak leak : leaks) {
    SyntheticOptions options;
    options.leak = leak;
    options.seed = seed + static_cast<uint64_t>(leak);
    const SyntheticTrace trace = synthetic_trace(options);
    Progress quiet(Progress::Show::no);
    progress.begin("self-test, planted: " + leak_name(leak));
    const auto result = run_audit(trace.inputs, trace.spans, "made-up spans",
                                  synthetic_audit_options(trace, seed, threads), quiet);
    if (!result) return tl::unexpected(result.error());
    progress.finish();
    SelfTestCase one;
    one.leak = leak;
    for (const Finding& finding : result->findings) one.findings.push_back(finding.text);
    one.found = leak == Leak::none ? !result->findings.empty() : result->found(expected_finding(leak));
    one.accuracy = result->pairs[result->headline].all_links.score.accuracy;
    test.cases.push_back(std::move(one));
  }
  return test;
}

}  // namespace cuttle::audit
