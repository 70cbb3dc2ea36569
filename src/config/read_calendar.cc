// [[shape.calendar]]: rates by day of the week and time of day.
#include <algorithm>

#include "base/units.hh"
#include "config/sections.hh"
#include "config/shape_plan.hh"

namespace cuttle {

namespace {

constexpr size_t kMaxEntries = 200;  // more than a week has hours

std::optional<uint32_t> parse_weekday(std::string_view text) {
  for (uint32_t day = 0; day < 7; ++day) {
    if (text == weekday_name(day)) return day;
  }
  return std::nullopt;
}

// "mon", or "mon-fri", or "fri-mon" past the end of the week.
std::optional<Weekdays> parse_days_between(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = parse_weekday(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_weekday(text.substr(dash + 1));
  if (!first || !last) return std::nullopt;
  Weekdays days = 0;
  for (uint32_t day = *first;; day = (day + 1) % 7) {
    days = static_cast<Weekdays>(days | 1U << day);
    if (day == *last) return days;
  }
}

// "mon-fri", "sat,sun"; each day once.
std::optional<Weekdays> parse_weekdays(std::string_view text) {
  Weekdays all = 0;
  while (true) {
    const size_t comma = text.find(',');
    const auto days = parse_days_between(text.substr(0, comma));
    if (!days || (all & *days) != 0) return std::nullopt;
    all |= *days;
    if (comma == std::string_view::npos) return all;
    text.remove_prefix(comma + 1);
  }
}

// "22:00": minutes of the day; "24:00" is its end.
std::optional<uint32_t> parse_time_of_day(std::string_view text) {
  const auto digit = [&](size_t at) { return static_cast<uint32_t>(text[at] - '0'); };
  const auto is_digit = [&](size_t at) { return text[at] >= '0' && text[at] <= '9'; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  if (!is_digit(0) || !is_digit(1) || !is_digit(3) || !is_digit(4)) return std::nullopt;
  const uint32_t hours = digit(0) * 10 + digit(1);
  const uint32_t minutes = digit(3) * 10 + digit(4);
  const uint32_t all = hours * 60 + minutes;
  if (minutes > 59 || all > kMinutesPerDay) return std::nullopt;
  return all;
}

bool read_entry(TomlReader& reader, CalendarEntry& entry) {
  bool good = true;
  const auto keep = [&](std::string_view key, auto& target, const auto& value) {
    if (value) {
      target = static_cast<std::remove_reference_t<decltype(target)>>(*value);
    } else {
      good = good && !reader.has(key);
    }
  };
  for (const char* key : {"from", "until", "rate"}) {
    reader.require(key, "an entry of a calendar has from, until and rate");
    good = good && reader.has(key);
  }
  keep("days", entry.days,
       reader.parsed("days", parse_weekdays, "not days; write \"mon-fri\" or \"sat,sun\", each day once"));
  keep("from", entry.from_minute,
       reader.parsed("from", parse_time_of_day, "not a time of day; write \"22:00\" (UTC)"));
  keep("until", entry.until_minute,
       reader.parsed("until", parse_time_of_day, "not a time of day; write \"04:00\" (UTC)"));
  keep("rate", entry.rate_bps, reader.parsed("rate", parse_rate, "not a rate; write \"400 Mb/s\""));
  reader.finish();
  if (!good) return false;
  if (entry.from_minute == kMinutesPerDay) {
    reader.problem("from", "24:00 is the end of a day; write \"00:00\"");
    return false;
  }
  if (entry.until_minute == 0) entry.until_minute = kMinutesPerDay;
  if (entry.until_minute == entry.from_minute) {
    reader.problem("until", "the same as from; a whole day is from \"00:00\" until \"24:00\"");
    return false;
  }
  return true;
}

std::string minute_text(uint32_t minute) {
  return fmt::format("{} {:02}:{:02}", weekday_name(minute / kMinutesPerDay), minute % kMinutesPerDay / 60,
                     minute % 60);
}

}  // namespace

bool read_calendar(TomlReader& reader, Shape& shape, ParsedConfig& out) {
  const toml::node* found = reader.node("calendar");
  if (found == nullptr) return true;
  const toml::array* list = found->as_array();
  const auto is_table = [](const toml::node& item) { return item.is_table(); };
  if (list == nullptr || !std::all_of(list->begin(), list->end(), is_table)) {
    reader.problem("calendar", "must be a list of tables; begin each entry with [[shape.calendar]]");
    return false;
  }
  if (list->size() > kMaxEntries) {
    reader.problem("calendar", fmt::format("{} entries; there can be {}", list->size(), kMaxEntries));
    return false;
  }
  bool good = true;
  shape.calendar.clear();
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string place = fmt::format(".calendar[{}]", i);
    TomlReader section(*list->get(i)->as_table(), reader.path() + place, reader.shown_path() + place, out);
    out.lines.set(reader.path() + place, section.line());
    CalendarEntry entry;
    good = read_entry(section, entry) && good;
    shape.calendar.push_back(entry);
  }
  if (!good) return false;
  if (const auto minute = find_overlap(shape.calendar)) {
    reader.problem("calendar", fmt::format("two entries claim {} UTC; each minute of the week once",
                                           minute_text(*minute)));
    return false;
  }
  return true;
}

void check_calendar(const Shape& complete, bool is_v6, uint32_t lanes, const std::string& path,
                    const std::string& shown, ParsedConfig& out) {
  for (size_t i = 0; i < complete.calendar.size(); ++i) {
    Shape step = complete;
    step.rate_bps = complete.calendar[i].rate_bps;
    const auto plan = plan_shape(step, is_v6, lanes, lanes);
    if (plan) continue;
    const std::string entry = fmt::format("calendar[{}]", i);
    out.problems.add(
        out.lines.line({fmt::format("{}.{}.rate", path, entry), fmt::format("{}.{}", path, entry),
                        fmt::format("shape.{}", entry), path, "shape"}),
        fmt::format("{}.{}: {}", shown, entry, plan.error().message));
  }
}

}  // namespace cuttle
