#include <fmt/format.h>

#include "base/format.hh"
#include "report/demo/promises.hh"
#include "report/page.hh"

namespace cuttle::report {

std::string demo_table(const DemoResult& result) {
  const auto row = [&](const std::string& name, auto value) {
    return std::vector<std::string>{name, value(result.plain.idle), value(result.plain.busy),
                                    value(result.shaped.idle), value(result.shaped.busy)};
  };
  Table table;
  table.caption = "What the observer saw";
  table.header = {"", "plain, idle", "plain, writing", "Cuttle, idle", "Cuttle, writing"};
  table.rows = {
      row("packet sizes", [](const ClassTotals& seen) { return grouped(seen.sizes.size()); }),
      row("packets a second",
          [](const ClassTotals& seen) { return three_digits(seen.packets_per_second()); }),
      row("bytes a second", [](const ClassTotals& seen) { return bytes_text(seen.bytes_per_second()); }),
  };
  std::string text = text_table(table);
  text += fmt::format("  packets between the nodes that are not cells, under Cuttle: {}\n",
                      grouped(result.shaped.foreign_packets));
  return text;
}

}  // namespace cuttle::report
