#include "base/text_table.hh"

#include <algorithm>

#include "report/page.hh"

namespace cuttle::report {

std::string text_table(const Table& table) {
  size_t width = table.header.size();
  for (const auto& row : table.rows) width = std::max(width, row.size());
  std::vector<TextTable::Column> columns(width);
  for (size_t i = 0; i < width; ++i) {
    if (i < table.header.size()) columns[i].title = table.header[i];
    columns[i].right = i > 0 && !table.all_text;
  }
  TextTable text(std::move(columns));
  for (auto row : table.rows) {
    row.resize(width);
    text.add(std::move(row));
  }
  return (table.caption.empty() ? "" : table.caption + "\n") + text.to_string();
}

}  // namespace cuttle::report
