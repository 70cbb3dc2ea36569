#include "trace/log_line.hh"

#include <charconv>
#include <chrono>
#include <initializer_list>

namespace cuttle::trace {

namespace {

// The decimal (or other) number at the beginning of `text`, which is advanced past it; `digits` long if not
// 0.
template <typename Number>
bool take_number(std::string_view& text, Number& value, size_t digits = 0, int base = 10) {
  const std::string_view head = digits == 0 ? text : text.substr(0, digits);
  const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), value, base);
  const auto used = static_cast<size_t>(end - head.data());
  if (error != std::errc() || (digits != 0 && used != digits)) return false;
  text.remove_prefix(used);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

void skip_blanks(std::string_view& text) {
  while (take(text, ' ')) {
  }
}

// ".197127": 3 to 9 digits.
bool take_fraction(std::string_view& text, Stamp& stamp) {
  if (!take(text, '.')) return false;
  size_t digits = 0;
  int64_t fraction = 0;
  while (digits < text.size() && digits < 9 && text[digits] >= '0' && text[digits] <= '9') {
    fraction = fraction * 10 + (text[digits++] - '0');
  }
  if (digits < 3) return false;
  text.remove_prefix(digits);
  stamp.precision_ns = 1;
  for (size_t i = digits; i < 9; ++i) stamp.precision_ns *= 10;
  stamp.ns = fraction * stamp.precision_ns;
  return true;
}

// "+0130" in seconds; "Z" is 0.
bool take_zone(std::string_view& text, int64_t& seconds) {
  seconds = 0;
  if (take(text, 'Z')) return true;
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!take_number(text, hours, 2)) return false;
  take(text, ':');
  if (!take_number(text, minutes, 2)) return false;
  seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  return true;
}

bool take_stamp(std::string_view& text, Stamp& stamp) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  int64_t zone_s = 0;
  const bool read = take_number(text, year, 4) && take(text, '-') && take_number(text, month, 2) &&
                    take(text, '-') && take_number(text, day, 2) && take(text, 'T') &&
                    take_number(text, hours, 2) && take(text, ':') && take_number(text, minutes, 2) &&
                    take(text, ':') && take_number(text, seconds, 2) && take_fraction(text, stamp) &&
                    take_zone(text, zone_s);
  if (!read) return false;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!date.ok()) return false;
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  stamp.ns += (days * 86400 + hours * 3600 + minutes * 60 + seconds - zone_s) * 1'000'000'000;
  return true;
}

}  // namespace

std::optional<Stamp> parse_stamp(std::string_view text) {
  Stamp stamp;
  if (!take_stamp(text, stamp) || !text.empty()) return std::nullopt;
  return stamp;
}

std::optional<LogLine> parse_log_line(std::string_view line) {
  Stamp stamp;
  LogLine parsed;
  if (!take_stamp(line, stamp) || !take(line, ' ')) return std::nullopt;
  if (!take_number(line, parsed.thread, 0, 16)) return std::nullopt;
  skip_blanks(line);
  if (!take_number(line, parsed.level) || !take(line, ' ')) return std::nullopt;
  parsed.ns = stamp.ns;
  parsed.precision_ns = stamp.precision_ns;
  parsed.text = line;
  return parsed;
}

std::string without_secrets(std::string_view text) {
  std::string out(text);
  for (const std::string_view word :
       {"session_key ", "server challenge ", "client_challenge ", "client_challenge: ", "signature()="}) {
    const size_t at = out.find(word);
    if (at == std::string::npos) continue;
    const size_t from = at + word.size();
    out.replace(from, std::min(out.find(' ', from), out.size()) - from, "...");
  }
  return out;
}

std::string quotable(std::string_view text) {
  constexpr size_t kLongest = 200;
  std::string out = without_secrets(text);
  const size_t inside = out.find("conn(");
  if (inside != std::string::npos) {
    const size_t end = out.find(')', inside);
    if (end != std::string::npos) out.replace(inside + 5, end - inside - 5, "...");
  }
  if (out.size() > kLongest) out = out.substr(0, kLongest) + "...";
  return out;
}

std::optional<size_t> find_pattern(std::string_view text, std::string_view pattern) {
  size_t at = 0;
  while (true) {
    const size_t star = pattern.find('*');
    const std::string_view part = pattern.substr(0, star);
    const size_t found = text.find(part, at);
    if (found == std::string_view::npos) return std::nullopt;
    at = found + part.size();
    if (star == std::string_view::npos) return at;
    pattern.remove_prefix(star + 1);
  }
}

}  // namespace cuttle::trace
