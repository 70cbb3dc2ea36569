#include "base/format.hh"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace cuttle {

namespace {

// At most three digits that matter, without trailing zeros.
std::string compact(double value) {
  const double magnitude = std::fabs(value);
  const int decimals = magnitude >= 100 || magnitude == 0 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

struct Unit {
  double size;
  const char* name;
};

template <size_t kCount>
std::string with_unit(double value, const std::array<Unit, kCount>& largest_first, const char* space) {
  for (const Unit& unit : largest_first) {
    // Half a per mille below the unit rounds up to it: 999.6 is 1k.
    if (std::fabs(value) >= unit.size * 0.9995) return compact(value / unit.size) + space + unit.name;
  }
  const Unit& smallest = largest_first.back();
  return compact(value / smallest.size) + space + smallest.name;
}

}  // namespace

std::string grouped(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t from_end = 3; from_end < text.size(); from_end += 4) text.insert(text.size() - from_end, ",");
  return text;
}

std::string three_digits(double value) {
  if (!std::isfinite(value)) return "-";
  if (std::fabs(value) >= 999.5) {
    const std::string digits = grouped(static_cast<uint64_t>(std::llround(std::fabs(value))));
    return value < 0 ? "-" + digits : digits;
  }
  if (value != 0 && std::fabs(value) < 0.0995) return fmt::format("{:.3g}", value);
  return compact(value);
}

std::string short_number(double value) {
  if (value != 0 && std::fabs(value) < 0.001) return fmt::format("{:.0e}", value);
  static constexpr std::array<Unit, 4> kUnits = {{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""}}};
  return with_unit(value, kUnits, "");
}

std::string bytes_text(double bytes) {
  static constexpr std::array<Unit, 5> kUnits = {
      {{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "B"}}};
  return with_unit(bytes, kUnits, " ");
}

std::string percent(double fraction) {
  return compact(fraction * 100) + " %";
}

std::string nanoseconds_text(double value) {
  static constexpr std::array<Unit, 4> kUnits = {{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}}};
  return with_unit(value, kUnits, " ");
}

}  // namespace cuttle
