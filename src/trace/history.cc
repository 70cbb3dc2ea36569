#include "trace/history.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "trace/log_line.hh"
#include "trace/step_table.hh"

namespace cuttle::trace {

namespace {

using Json = nlohmann::json;

// "osd_op(client.4224.0:1 1.8 ..." is the operation itself; replicated pools send osd_repop, erasure-coded
// ones MOSDECSubOpWrite.
OsdRole role_of(const std::string& description) {
  if (description.starts_with("osd_op(")) return OsdRole::primary;
  if (description.starts_with("osd_repop_reply(") || description.starts_with("MOSDECSubOpWriteReply(")) {
    return OsdRole::replica_reply;
  }
  return OsdRole::replica;
}

bool names(const std::string& description, const std::string& request) {
  const size_t at = description.find(request);
  if (at == std::string::npos) return false;
  const size_t end = at + request.size();
  const bool longer = end < description.size() && description[end] >= '0' && description[end] <= '9';
  return !longer;
}

const EventRule* rule_of(OsdRole role, const std::string& event, bool put) {
  for (const EventRule& rule : event_rules()) {
    const bool applies = rule.operations == Operations::both || (rule.operations == Operations::put) == put;
    if (applies && rule.role == role && event.starts_with(rule.event)) return &rule;
  }
  return nullptr;
}

void add_events(const Json& operation, OsdRole role, int osd, bool put, std::vector<Step>& steps) {
  const std::string description = operation.at("description");
  for (const Json& entry : operation.at("type_data").at("events")) {
    const std::string event = entry.at("event");
    const EventRule* rule = rule_of(role, event, put);
    const std::optional<Stamp> stamp = parse_stamp(entry.at("time").get<std::string>());
    if (rule == nullptr || !stamp) continue;
    Step step;
    step.id = rule->id;
    step.section = Section::operate;
    step.lane = role == OsdRole::replica ? kReplicaLane : kPrimaryLane;
    step.node = fmt::format("osd.{}", osd);
    step.component = rule->component;
    step.title = rule->title;
    step.purpose = rule->purpose;
    step.source = Source::history;
    step.at_ns = stamp->ns;
    step.uncertainty_ns = stamp->precision_ns;
    if (event != rule->event) step.detail = event;
    step.evidence = fmt::format("osd.{} dump_historic_ops: {} \"{}\"", osd, description, event);
    steps.push_back(std::move(step));
  }
}

}  // namespace

Result<std::vector<Step>> historic_steps(std::string_view json, const std::string& request, int osd,
                                         bool primary, bool put) {
  std::vector<Step> steps;
  try {
    const Json document = Json::parse(json);
    // Releases differ in the case of this key.
    const char* key = document.contains("ops") ? "ops" : "Ops";
    for (const Json& operation : document.at(key)) {
      const std::string description = operation.at("description");
      if (!names(description, request)) continue;
      const OsdRole role = role_of(description);
      if ((role == OsdRole::replica) == primary) continue;
      add_events(operation, role, osd, put, steps);
    }
  } catch (const std::exception& error) {
    return failure(fmt::format("osd.{}: dump_historic_ops answered something else: {}", osd, error.what()));
  }
  return steps;
}

}  // namespace cuttle::trace
