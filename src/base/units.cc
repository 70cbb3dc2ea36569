#include "base/units.hh"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace cuttle {

namespace {

using Unit = std::pair<std::string_view, uint64_t>;

constexpr std::array<Unit, 10> kRateUnits{{{"b/s", 1},
                                           {"kb/s", 1'000},
                                           {"Mb/s", 1'000'000},
                                           {"Gb/s", 1'000'000'000},
                                           {"Tb/s", 1'000'000'000'000},
                                           {"bit/s", 1},
                                           {"kbit/s", 1'000},
                                           {"Mbit/s", 1'000'000},
                                           {"Gbit/s", 1'000'000'000},
                                           {"Tbit/s", 1'000'000'000'000}}};
constexpr std::array<Unit, 5> kTimeUnits{
    {{"ns", 1}, {"us", 1'000}, {"\u00b5s", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool append_digit(uint64_t& value, char digit) {
  return !__builtin_mul_overflow(value, uint64_t{10}, &value) &&
         !__builtin_add_overflow(value, static_cast<uint64_t>(digit - '0'), &value);
}

// "12.5" times `scale`, where that is a whole number.
std::optional<uint64_t> parse_decimal(std::string_view text, uint64_t scale) {
  uint64_t value = 0;
  uint64_t divisor = 1;
  bool in_fraction = false;
  if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return std::nullopt;
  for (const char c : text) {
    if (c == '.' && !in_fraction) {
      in_fraction = true;
    } else if (!is_digit(c) || !append_digit(value, c)) {
      return std::nullopt;
    } else if (in_fraction && __builtin_mul_overflow(divisor, uint64_t{10}, &divisor)) {
      return std::nullopt;
    }
  }
  const auto scaled = static_cast<unsigned __int128>(value) * scale;
  if (scaled % divisor != 0 || scaled / divisor > INT64_MAX) return std::nullopt;
  return static_cast<uint64_t>(scaled / divisor);
}

template <size_t size>
std::optional<uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, size>& units) {
  size_t number_end = 0;
  while (number_end < text.size() && (is_digit(text[number_end]) || text[number_end] == '.')) ++number_end;
  size_t unit_begin = number_end;
  while (unit_begin < text.size() && text[unit_begin] == ' ') ++unit_begin;
  for (const auto& [name, scale] : units) {
    if (text.substr(unit_begin) == name) return parse_decimal(text.substr(0, number_end), scale);
  }
  return std::nullopt;
}

// The largest unit in which the value is at least 1; the first five rates and all times but the second "us".
std::string format_in(uint64_t value, std::initializer_list<Unit> largest_first) {
  for (const auto& [name, scale] : largest_first) {
    if (value >= scale)
      return fmt::format("{:.4g} {}", static_cast<double>(value) / static_cast<double>(scale), name);
  }
  return fmt::format("0 {}", (largest_first.end() - 1)->first);
}

}  // namespace

std::optional<uint64_t> parse_rate(std::string_view text) {
  return parse_with_unit(text, kRateUnits);
}

std::optional<Duration> parse_duration(std::string_view text) {
  const auto ns = parse_with_unit(text, kTimeUnits);
  if (!ns) return std::nullopt;
  return nanoseconds(static_cast<int64_t>(*ns));
}

std::string format_rate(uint64_t rate_bps) {
  return format_in(rate_bps, {{"Gb/s", 1'000'000'000}, {"Mb/s", 1'000'000}, {"kb/s", 1'000}, {"b/s", 1}});
}

std::string format_duration(Duration duration) {
  const auto magnitude = static_cast<uint64_t>(duration.ns < 0 ? -duration.ns : duration.ns);
  const std::string text =
      format_in(magnitude, {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}});
  return duration.ns < 0 ? "-" + text : text;
}

}  // namespace cuttle
