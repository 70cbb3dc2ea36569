#include <algorithm>

#include "report/page.hh"

namespace cuttle::report {

std::string text_table(const Table& table) {
  std::vector<std::vector<std::string>> lines;
  if (!table.header.empty()) lines.push_back(table.header);
  lines.insert(lines.end(), table.rows.begin(), table.rows.end());
  std::vector<size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text = table.caption.empty() ? "" : table.caption + "\n";
  for (const auto& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - line[i].size(), ' ');
      const bool to_the_left = i == 0 || table.all_text;
      row.append(i == 0 ? 2 : 3, ' ');
      row += to_the_left ? line[i] + padding : padding + line[i];
    }
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + "\n";
  }
  return text;
}

}  // namespace cuttle::report
