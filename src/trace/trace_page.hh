// A trace as one self-contained HTML page.
#pragma once

#include <string>

#include "trace/compare.hh"
#include "trace/step.hh"

namespace cuttle::trace {

std::string trace_page(const Trace& trace);
std::string comparison_page(const Comparison& comparison);

}  // namespace cuttle::trace
