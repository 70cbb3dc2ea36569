// What came of a reload: the answer to the request "reload". Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"

namespace cuttle {

struct ReloadReport {
  bool reloaded = false;  // false: the configuration is not good, and what ran before goes on
  // Names of peers.
  std::vector<std::string> added;
  std::vector<std::string> restarted;
  std::vector<std::string> rekeyed;
  std::vector<std::string> kept;
  std::vector<std::string> removed;
  std::vector<std::string> problems;  // as `cuttle check` prints them; warnings when it was reloaded
  std::vector<std::string> undone;    // of a configuration that is in force: what could not be done

  bool operator==(const ReloadReport&) const = default;
};

std::string to_json(const ReloadReport& report);
// Fails on anything that is not such a document.
Result<ReloadReport> reload_report_from_json(std::string_view text);

// One line: "added osd3; removed osd1; kept 4".
std::string to_string(const ReloadReport& report);

}  // namespace cuttle
