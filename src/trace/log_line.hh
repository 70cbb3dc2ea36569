// A line of Ceph's log: "2026-11-21T06:22:43.197127+0000 7f0433ab7500 10 monclient: init". Written by
// src/log/Log.cc and src/log/LogClock.h of Ceph; the same in 16 and 18.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cuttle::trace {

struct LogLine {
  int64_t ns = 0;            // since 1970
  int64_t precision_ns = 0;  // 1,000; or 1,000,000 for a stamp of the coarse clock
  uint64_t thread = 0;
  int level = 0;
  std::string text;
};

// None for what has no stamp: the further lines of an entry of several.
std::optional<LogLine> parse_log_line(std::string_view line);

// The stamp alone, "2026-11-21T06:22:43.197127+0000": nanoseconds since 1970 and the digit's worth.
struct Stamp {
  int64_t ns = 0;
  int64_t precision_ns = 0;
};
std::optional<Stamp> parse_stamp(std::string_view text);

// Session keys, challenges and the like replaced by "...".
std::string without_secrets(std::string_view text);

// A line fit to be quoted: without secrets, without the inside of "conn(...)", not longer than a person
// reads.
std::string quotable(std::string_view text);

// Whether the parts of `pattern`, which '*' separates, occur in `text` in this order. Returns where the last
// one ends.
std::optional<size_t> find_pattern(std::string_view text, std::string_view pattern);

}  // namespace cuttle::trace
