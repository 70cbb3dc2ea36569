// What `cuttle doctor` found: one line each, and how to fix it.
#pragma once

#include <string>
#include <vector>

namespace cuttle::doctor {

enum class Mark {
  good,
  unsure,  // may be meant so, or could not be found out
  bad,
};

struct Finding {
  Mark mark = Mark::good;
  std::string what;
  std::string fix;  // empty where there is nothing to fix
};

using Findings = std::vector<Finding>;

bool any_bad(const Findings& findings);
// "ok   ...", "??   ..." or "BAD  ...", each fix on a line of its own below.
std::string to_string(const Findings& findings);

}  // namespace cuttle::doctor
