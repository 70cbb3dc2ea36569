// A plan for a person at a terminal, for a program, and as a page with plots. Pure.
#pragma once

#include <string>

#include "plan/advice.hh"

namespace cuttle::plan {

struct Planned {
  LinkLoad load;
  Wanted wanted;
  Advice advice;
};

std::string to_text(const Planned& planned);
std::string to_json(const Planned& planned);
std::string to_page(const Planned& planned);

}  // namespace cuttle::plan
