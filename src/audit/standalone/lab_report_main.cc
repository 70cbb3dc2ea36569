// cuttle-audit-report: joins the audits of ./run audit into one page and one JSON. Its input is the folder
// with the audits' own folders: DIR/KEY/report.json for each observer, DIR/self-test/report.json,
// DIR/settings.json.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <fstream>

#include "audit/lab_report.hh"
#include "base/parse_arguments.hh"
#include "report/page.hh"

namespace {

cuttle::Result<nlohmann::json> read_json(const std::string& path) {
  std::ifstream file(path);
  auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object()) return cuttle::failure(fmt::format("{}: no JSON object there", path));
  return json;
}

cuttle::Result<int> write_report(const std::string& folder, const std::vector<std::string>& keys,
                                 const std::string& load) {
  auto self_test = read_json(folder + "/self-test/report.json");
  if (!self_test) return tl::unexpected(self_test.error());
  auto settings = read_json(folder + "/settings.json");
  if (!settings) return tl::unexpected(settings.error());
  cuttle::audit::LabReport report{{}, std::move(*self_test), std::move(*settings), "idle", load};
  for (const std::string& key : keys) {
    auto audit = read_json(folder + "/" + key + "/report.json");
    if (!audit) return tl::unexpected(audit.error());
    const std::string title = cuttle::audit::observer_title(key);
    report.observers.push_back({key, title.empty() ? key : title, std::move(*audit)});
  }

  const auto page = cuttle::report::write_file(folder + "/report.html", lab_page(report));
  if (!page) return tl::unexpected(page.error());
  const auto json = cuttle::report::write_file(folder + "/report.json", lab_json(report).dump(2) + "\n");
  if (!json) return tl::unexpected(json.error());
  fmt::print("\n{}", lab_text(report));
  return lab_status(report);
}

int run(int argc, char** argv) {
  std::string folder;
  std::vector<std::string> keys;
  std::string load = "write-4m";
  CLI::App app{"The report of the experiment in the lab"};
  app.add_option("--dir", folder, "folder of the audits; the report is written there")->required();
  app.add_option("--observers", keys, "KEY,KEY,...: which audits")->required()->delimiter(',');
  app.add_option("--load", load, "the class told apart from idle")->capture_default_str();
  if (const auto ended = cuttle::parse_arguments(app, argc, argv, "cuttle-audit-report --help"))
    return *ended;
  const auto status = write_report(folder, keys, load);
  return status ? *status : cuttle::complain(status.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return cuttle::complain(error.what());
  }
}
