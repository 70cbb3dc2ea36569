#include "doctor/finding.hh"

#include <algorithm>

namespace cuttle::doctor {

bool any_bad(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.mark == Mark::bad; });
}

std::string to_string(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    constexpr const char* kWords[] = {"ok   ", "??   ", "BAD  "};
    text += kWords[static_cast<int>(finding.mark)] + finding.what + "\n";
    if (!finding.fix.empty()) text += "     fix: " + finding.fix + "\n";
  }
  return text;
}

}  // namespace cuttle::doctor
