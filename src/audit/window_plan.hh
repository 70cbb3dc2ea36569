// Cuts the labelled spans into windows, and the windows into blocks of time. A block is never divided between
// training and test, and neighbouring blocks of one span are kept a window apart, so that a model cannot
// score by having seen the moment just before.
#pragma once

#include <string>
#include <vector>

#include "base/result.hh"
#include "capture/spans.hh"

namespace cuttle::audit {

struct Window {
  Instant start;
  Instant end;
  size_t label = 0;  // position in WindowPlan::labels
  size_t block = 0;  // position in WindowPlan::block_labels
};

struct WindowPlan {
  std::vector<std::string> labels;  // classes, in the order of their first span
  std::vector<Window> windows;      // in the order of time
  std::vector<size_t> block_labels;
  Duration length;

  size_t windows_of(size_t label) const;
  size_t blocks_of(size_t label) const;
};

struct WindowOptions {
  Duration window = seconds(1);
  Duration settle;               // left out at the start of each span
  Duration block = seconds(20);  // longer spans are cut into blocks of about this length
};

// Errors: one class only; no span as long as a window.
Result<WindowPlan> plan_windows(const std::vector<capture::Span>& spans, const std::string& path,
                                const WindowOptions& options);

}  // namespace cuttle::audit
