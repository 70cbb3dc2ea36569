// A plan for a person at a terminal, for a program, and as a page with plots. Pure.
#pragma once

#include <string>

#include "plan/advice.hh"
#include "plan/compare.hh"

namespace cuttle::plan {

struct Planned {
  LinkLoad load;
  Wanted wanted;
  Advice advice;
  std::optional<Comparison> comparison{};  // where it was asked for
};

std::string to_string(const Planned& planned);
std::string to_json(const Planned& planned);
std::string to_page(const Planned& planned);

}  // namespace cuttle::plan
