#include "base/text_table.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hh"

namespace cuttle {

void TextTable::add(std::vector<std::string> row) {
  CUTTLE_CHECK(row.size() == columns_.size(), "a row fills every column");
  rows_.push_back(std::move(row));
}

std::string TextTable::to_string() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = columns_[i].title.size();
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
  }
  std::string result;
  const auto add_cell = [&](size_t i, const std::string& text) {
    result += columns_[i].right ? fmt::format("  {:>{}}", text, widths[i])
                                : fmt::format("  {:<{}}", text, widths[i]);
  };
  const auto end_line = [&] { result.resize(result.find_last_not_of(' ') + 1), result += '\n'; };
  const bool has_titles = std::ranges::any_of(columns_, [](const Column& one) { return !one.title.empty(); });
  for (size_t i = 0; has_titles && i < columns_.size(); ++i) add_cell(i, columns_[i].title);
  if (has_titles) end_line();
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) add_cell(i, row[i]);
    end_line();
  }
  return result;
}

}  // namespace cuttle
