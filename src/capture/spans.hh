// Labels of a capture: spans of time with the class of what the cluster did then. CSV with a header line:
//
//   start_ns,end_ns,class
//   1700000000000000000,1700000010000000000,idle
//
// Times are nanoseconds since the Unix epoch, as a capture's stamps; end is exclusive; spans do not overlap.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"

namespace cuttle::capture {

struct Span {
  Instant start;
  Instant end;
  std::string label;  // letters, digits, '-', '_', '.'
  size_t line = 0;    // where it stood, for messages

  Duration length() const { return end - start; }
  bool contains(Instant t) const { return start <= t && t < end; }
};

// In the order of time, whatever the order of the lines. Errors name the file and the line.
Result<std::vector<Span>> read_spans(const std::string& path);
Result<std::vector<Span>> parse_spans(std::string_view text, const std::string& path);
std::string spans_text(const std::vector<Span>& spans);

// How far a span may reach beyond the first or last packet: a quiet network has no packet right at its edges.
inline constexpr Duration kSpanSlack = seconds(2);
Result<void> check_spans_inside(const std::vector<Span>& spans, const std::string& path, Instant first,
                                Instant last);

// The span that contains t, or nullptr. `spans` as read_spans gives them.
const Span* find_span(const std::vector<Span>& spans, Instant t);

}  // namespace cuttle::capture
