#include "audit/export_csv.hh"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "report/page.hh"

namespace cuttle::audit {

namespace {

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + '"';
}

void add_names(const std::vector<std::string>& names, std::string& line) {
  for (const std::string& name : names) line += ',' + quoted(name);
}

void add_values(const Matrix& data, size_t row, std::string& line) {
  for (size_t c = 0; c < data.columns; ++c) {
    line += ',';
    const float value = data.at(row, c);
    if (!std::isnan(value)) fmt::format_to(std::back_inserter(line), "{:.9g}", value);
  }
}

void add_releases(const Releases& releases, std::string& line) {
  line += ',';
  for (size_t i = 1; i < releases.size(); ++i) {
    fmt::format_to(std::back_inserter(line), "{}{}", i > 1 ? " " : "",
                   releases.at_ns[i] - releases.at_ns[i - 1]);
  }
  line += ',';
  for (size_t i = 0; i < releases.size(); ++i) {
    fmt::format_to(std::back_inserter(line), "{}{}", i > 0 ? " " : "", releases.cells[i]);
  }
}

}  // namespace

Result<void> export_csv(const std::string& path, const AttackTables& tables, const WindowPlan& plan) {
  std::string text = "window,start_ns,end_ns,class,block";
  add_names(tables.features.names, text);
  add_names(tables.residuals.names, text);
  for (const ReleaseSource& source : tables.residuals.sources) {
    if (source.is_link) add_names({source.name + ", gaps ns", source.name + ", cells"}, text);
  }
  text += '\n';
  for (size_t row = 0; row < plan.windows.size(); ++row) {
    const Window& window = plan.windows[row];
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{}", row, window.start.ns, window.end.ns,
                   plan.labels[window.label], window.block);
    add_values(tables.features.all, row, text);
    add_values(tables.residuals.values, row, text);
    for (const ReleaseSource& source : tables.residuals.sources) {
      if (source.is_link) add_releases(source.rows[row], text);
    }
    text += '\n';
  }
  return report::write_file(path, text);
}

}  // namespace cuttle::audit
