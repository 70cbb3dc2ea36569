#include "config/wording.hh"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace cuttle {

namespace {

constexpr size_t kLongestQuote = 80;

// Letters to insert, remove, replace or swap with the next to turn one into the other (Damerau, 1964), row by
// row.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> above(b.size() + 1);
  std::iota(above.begin(), above.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    std::vector<size_t> row(b.size() + 1, i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = std::move(above);
    above = std::move(row);
  }
  return above.back();
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

std::string quoted(std::string_view text) {
  return fmt::format("\"{}{}\"", one_line(text.substr(0, kLongestQuote)),
                     text.size() > kLongestQuote ? "..." : "");
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> names) {
  if (text.size() > kLongestQuote) return {};
  std::string_view best;
  size_t best_distance = SIZE_MAX;
  for (const std::string_view name : names) {
    const size_t letters = distance(text, name);
    if (letters <= std::max<size_t>(name.size() / 3, 1) && letters < best_distance) {
      best = name;
      best_distance = letters;
    }
  }
  return best;
}

std::string listed(std::span<const std::string_view> names) {
  std::string result;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) result += i + 1 == names.size() ? " and " : ", ";
    result += names[i];
  }
  return result;
}

}  // namespace cuttle
