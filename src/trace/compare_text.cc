#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/format.hh"
#include "report/page.hh"
#include "trace/compare.hh"

namespace cuttle::trace {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Distribution& distribution) {
  return {
      {"count", distribution.count}, {"median_ns", distribution.median_ns}, {"p99_ns", distribution.p99_ns}};
}

Json json_of(const std::optional<Distribution>& distribution) {
  return distribution ? json_of(*distribution) : Json(nullptr);
}

Json json_of(const std::optional<SlotShare>& share) {
  if (!share) return nullptr;
  return {{"difference_ns", share->difference_ns},
          {"crossings", share->crossings},
          {"slot_ns", share->slot_ns},
          {"expected_slot_wait_ns", share->expected_ns},
          {"carrying_ns", share->carrying_ns},
          {"measured_ns", share->measured_ns},
          {"waiting_share", share->waiting_share},
          {"measured_share", share->measured_share}};
}

std::string string_of(const std::optional<Distribution>& distribution, bool p99) {
  if (!distribution) return "-";
  return nanoseconds_text(static_cast<double>(p99 ? distribution->p99_ns : distribution->median_ns));
}

}  // namespace

std::string to_json(const Comparison& comparison) {
  Json json;
  json["format"] = "cuttle-trace-comparison";
  json["version"] = 1;
  json["whole"] = {{"plain", json_of(comparison.plain_total)},
                   {"shaped", json_of(comparison.shaped_total)},
                   {"slots", json_of(comparison.whole)}};
  json["operation"] = {{"plain", json_of(comparison.plain_operation)},
                       {"shaped", json_of(comparison.shaped_operation)},
                       {"slots", json_of(comparison.operation)}};
  json["steps"] = Json::array();
  for (const StepComparison& step : comparison.steps) {
    json["steps"].push_back({{"id", step.id},
                             {"lane", step.lane},
                             {"title", step.title},
                             {"crossings", step.crossings},
                             {"plain", json_of(step.plain)},
                             {"shaped", json_of(step.shaped)}});
  }
  json["summary"] = comparison.summary;
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

std::string to_string(const Comparison& comparison) {
  report::Table table;
  table.header = {"step", "plain", "p99", "shaped", "p99", "added"};
  for (const StepComparison& step : comparison.steps) {
    std::string added;
    if (step.plain && step.shaped) {
      added = nanoseconds_text(static_cast<double>(step.shaped->median_ns - step.plain->median_ns));
    }
    table.rows.push_back({fmt::format("{}: {}{}", step.lane, step.title, step.crossings > 0 ? " *" : ""),
                          string_of(step.plain, false), string_of(step.plain, true),
                          string_of(step.shaped, false), string_of(step.shaped, true), added});
  }
  std::string out = comparison.lead + "\n\n" + report::text_table(table) + "* crosses a shaped link\n\n";
  for (const std::string& sentence : comparison.summary) out += sentence + ".\n";
  return out;
}

}  // namespace cuttle::trace
