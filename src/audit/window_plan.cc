#include "audit/window_plan.hh"

#include <fmt/format.h>

#include <algorithm>

namespace cuttle::audit {

namespace {

// Windows of one span, in as many blocks as fit, with one window left out between two blocks.
void cut_span(const capture::Span& span, size_t label, const WindowOptions& options, WindowPlan& plan) {
  const Instant begin = span.start + options.settle;
  const int64_t fits = (span.end - begin).ns / options.window.ns;
  if (fits < 1) return;
  const int64_t per_block = std::max<int64_t>(1, options.block.ns / options.window.ns);
  const int64_t blocks = std::max<int64_t>(1, (fits + 1) / (per_block + 1));
  const int64_t usable = fits - (blocks - 1);
  int64_t at = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t count = usable / blocks + (b < usable % blocks ? 1 : 0);
    for (int64_t w = 0; w < count; ++w, ++at) {
      const Instant start = begin + options.window * at;
      plan.windows.push_back({start, start + options.window, label, plan.block_labels.size()});
    }
    ++at;  // the window left out
    plan.block_labels.push_back(label);
  }
}

}  // namespace

size_t WindowPlan::windows_of(size_t label) const {
  return static_cast<size_t>(std::count_if(windows.begin(), windows.end(),
                                           [&](const Window& window) { return window.label == label; }));
}

size_t WindowPlan::blocks_of(size_t label) const {
  return static_cast<size_t>(std::count(block_labels.begin(), block_labels.end(), label));
}

Result<WindowPlan> plan_windows(const std::vector<capture::Span>& spans, const std::string& path,
                                const WindowOptions& options) {
  WindowPlan plan;
  plan.length = options.window;
  for (const capture::Span& span : spans) {
    auto known = std::find(plan.labels.begin(), plan.labels.end(), span.label);
    if (known == plan.labels.end()) known = plan.labels.insert(plan.labels.end(), span.label);
    cut_span(span, static_cast<size_t>(known - plan.labels.begin()), options, plan);
  }
  if (plan.labels.size() < 2) {
    return failure(fmt::format("{}: only one class, `{}`; at least two are needed to tell them apart", path,
                               plan.labels.empty() ? "" : plan.labels[0]));
  }
  if (plan.windows.empty()) {
    return failure(fmt::format("{}: no span is as long as one window of {:.3f} s", path,
                               static_cast<double>(options.window.ns) * 1e-9));
  }
  return plan;
}

}  // namespace cuttle::audit
