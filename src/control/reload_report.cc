#include "control/reload_report.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

namespace cuttle {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, std::vector<std::string> ReloadReport::*> kLists[] = {
    {"added", &ReloadReport::added},     {"restarted", &ReloadReport::restarted},
    {"rekeyed", &ReloadReport::rekeyed}, {"kept", &ReloadReport::kept},
    {"removed", &ReloadReport::removed}, {"problems", &ReloadReport::problems},
    {"undone", &ReloadReport::undone}};

}  // namespace

std::string to_json(const ReloadReport& report) {
  Json json;
  json["reloaded"] = report.reloaded;
  for (const auto& [key, list] : kLists) json[key] = report.*list;
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<ReloadReport> reload_report_from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("reloaded") || !json["reloaded"].is_boolean()) {
    return failure("the agent's answer is no report of a reload");
  }
  ReloadReport report;
  report.reloaded = json["reloaded"].get<bool>();
  for (const auto& [key, list] : kLists) {
    const auto found = json.find(key);
    if (found == json.end()) continue;
    if (!found->is_array()) return failure(fmt::format("the agent's report of a reload: {} is no list", key));
    for (const auto& item : *found) {
      const auto* name = item.get_ptr<const std::string*>();
      if (name == nullptr)
        return failure(fmt::format("the agent's report of a reload: not a text in {}", key));
      (report.*list).push_back(*name);
    }
  }
  return report;
}

std::string to_string(const ReloadReport& report) {
  std::vector<std::string> parts;
  const auto say = [&](std::string_view what, const std::vector<std::string>& names) {
    if (!names.empty()) parts.push_back(fmt::format("{} {}", what, fmt::join(names, ", ")));
  };
  say("added", report.added);
  say("started anew", report.restarted);
  say("new keys for", report.rekeyed);
  say("removed", report.removed);
  if (!report.kept.empty()) parts.push_back(fmt::format("{} as before", report.kept.size()));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace cuttle
