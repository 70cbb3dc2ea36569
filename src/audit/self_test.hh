// Does the audit find what it should, and nothing else? Each leak is planted into a made-up capture, one at a
// time.
#pragma once

#include <vector>

#include "audit/audit.hh"
#include "audit/synthetic.hh"

namespace cuttle::audit {

struct SelfTestCase {
  Leak leak = Leak::none;
  bool found = false;  // for Leak::none: whether anything at all was "found"
  std::vector<std::string> findings;
  double accuracy = 0.5;
};

struct SelfTest {
  std::vector<SelfTestCase> cases;  // the clean trace first

  size_t planted() const { return cases.size() - 1; }
  size_t found() const;     // of the planted ones
  size_t invented() const;  // findings in the clean trace
  bool passed() const { return found() == planted() && invented() == 0; }
};

// How a made-up capture is audited.
AuditOptions synthetic_audit_options(const SyntheticTrace& trace, uint64_t seed, int threads);
// The finding that a planted leak must show as.
Finding::Kind expected_finding(Leak leak);

Result<SelfTest> run_self_test(uint64_t seed, int threads, Progress& progress);

}  // namespace cuttle::audit
