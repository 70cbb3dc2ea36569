// All windows as CSV (RFC 4180), for attackers that the audit does not have. One header line, then a line
// each window, of every class:
//
//   window, start_ns, end_ns, class, block     number, Unix time, label, and which block of time it is in:
//                                              windows of one block belong together, in training or in test
//   one column each feature                    as `cuttle audit` computes them; empty: not known
//   "LINK, gaps ns"                            nanoseconds from release to release, in order, between spaces
//   "LINK, cells"                              cells of each release: one more than there are gaps
#pragma once

#include <string>

#include "audit/audit.hh"

namespace cuttle::audit {

Result<void> export_csv(const std::string& path, const AttackTables& tables, const WindowPlan& plan);

}  // namespace cuttle::audit
