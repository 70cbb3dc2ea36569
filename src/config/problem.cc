#include "config/problem.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle {

void Problems::add(Problem problem) {
  const auto place = std::upper_bound(list_.begin(), list_.end(), problem,
                                      [](const Problem& a, const Problem& b) { return a.line < b.line; });
  list_.insert(place, std::move(problem));
}

bool Problems::has_errors() const {
  return std::any_of(list_.begin(), list_.end(),
                     [](const Problem& problem) { return problem.severity == Severity::error; });
}

std::string to_string(const Problem& problem, std::string_view file) {
  const std::string_view kind = problem.severity == Severity::warning ? "warning: " : "";
  if (problem.line == 0) return fmt::format("{}: {}{}", file, kind, problem.message);
  return fmt::format("{}:{}: {}{}", file, problem.line, kind, problem.message);
}

uint32_t SourceMap::line(std::initializer_list<std::string_view> paths) const {
  for (const std::string_view path : paths) {
    const auto found = lines_.find(path);
    if (found != lines_.end()) return found->second;
  }
  return 0;
}

}  // namespace cuttle
