// cuttle-demo-report: from two captures to the closing table, report.html and report.json of ./run demo.
// Exit status: 0 every promise holds, 1 one does not (a line for each), 2 bad input.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>

#include "base/parse_arguments.hh"
#include "report/demo/promises.hh"
#include "report/page.hh"

namespace cuttle::report {
namespace {

struct Arguments {
  std::string plain, plain_spans, shaped, shaped_spans, cut, nodes, facts, out;
  capture::CellShape shape;
};

Result<nlohmann::json> read_facts(const std::string& path) {
  std::ifstream file(path);
  if (!file) return failure(fmt::format("{}: cannot read the facts", path));
  auto facts = nlohmann::json::parse(file, nullptr, false);
  if (!facts.is_object()) {
    return failure(fmt::format("{}: not a JSON object with `hello` and `ceph`", path));
  }
  return facts;
}

Result<bool> write_report(const Arguments& arguments) {
  const auto nodes = capture::NodeList::parse(arguments.nodes);
  if (!nodes) return tl::unexpected(nodes.error());
  auto facts = read_facts(arguments.facts);
  if (!facts) return tl::unexpected(facts.error());
  auto plain = observe(arguments.plain, arguments.plain_spans, *nodes, arguments.shape);
  if (!plain) return tl::unexpected(plain.error());
  auto shaped = observe(arguments.shaped, arguments.shaped_spans, *nodes, arguments.shape);
  if (!shaped) return tl::unexpected(shaped.error());
  if (!arguments.cut.empty()) {
    const auto added = add_cut_tap(arguments.cut, *nodes, arguments.shape, *shaped);
    if (!added) return tl::unexpected(added.error());
  }
  const DemoResult result{std::move(*facts), std::move(*plain), std::move(*shaped), arguments.shape};

  std::error_code error;
  std::filesystem::create_directories(arguments.out, error);
  if (error) return failure(fmt::format("{}: cannot make the folder: {}", arguments.out, error.message()));
  const auto page = write_file(arguments.out + "/report.html", demo_page(result));
  if (!page) return tl::unexpected(page.error());
  const auto replaced = nlohmann::json::error_handler_t::replace;  // a payload need not be UTF-8
  const auto json =
      write_file(arguments.out + "/report.json", demo_json(result).dump(2, ' ', false, replaced) + "\n");
  if (!json) return tl::unexpected(json.error());

  fmt::print("\n{}\n", demo_table(result));
  const auto broken = broken_lines(check_promises(result));
  for (const std::string& line : broken) fmt::print("  does not hold: {}\n", line);
  if (broken.empty()) {
    fmt::print("  Under Cuttle, idle and writing look the same: every promise of the demo holds.\n");
  }
  return broken.empty();
}

}  // namespace
}  // namespace cuttle::report

int main(int argc, char** argv) {
  cuttle::report::Arguments arguments;
  CLI::App app{"The report of the demo: what an observer saw, plain and shaped"};
  app.add_option("--plain", arguments.plain, "capture of the plain cluster")->required();
  app.add_option("--plain-spans", arguments.plain_spans, "its spans: start_ns,end_ns,class")->required();
  app.add_option("--shaped", arguments.shaped, "capture of the shaped cluster")->required();
  app.add_option("--shaped-spans", arguments.shaped_spans, "its spans")->required();
  app.add_option("--cut", arguments.cut,
                 "capture of the shaped cluster at the same time, behind a device that cuts trains");
  app.add_option("--nodes", arguments.nodes, "NAME=ADDRESS,...")->required();
  app.add_option("--port", arguments.shape.port, "UDP port of the cells")->capture_default_str();
  app.add_option("--lanes", arguments.shape.lanes, "lanes of a link")->capture_default_str();
  app.add_option("--cell", arguments.shape.cell_bytes, "bytes of a cell")->capture_default_str();
  app.add_option("--facts", arguments.facts, "JSON with `hello` and `ceph`")->required();
  app.add_option("--out", arguments.out, "folder for report.html and report.json")->required();
  if (const auto ended = cuttle::parse_arguments(app, argc, argv, "cuttle-demo-report --help")) return *ended;
  const auto holds = cuttle::report::write_report(arguments);
  if (!holds) return cuttle::complain(holds.error().message);
  return *holds ? cuttle::kDone : cuttle::kFailed;
}
