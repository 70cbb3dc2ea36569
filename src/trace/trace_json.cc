#include "trace/trace_json.hh"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "trace/assemble.hh"

namespace cuttle::trace {

namespace {

using Json = nlohmann::ordered_json;

constexpr Source kSources[] = {Source::call, Source::log, Source::history, Source::both_ends};

std::string utc(int64_t ns) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(static_cast<time_t>(ns / 1'000'000'000)),
                     ns % 1'000'000'000);
}

Json step_json(const Step& step, int64_t begin_ns) {
  Json json;
  json["id"] = step.id;
  json["section"] = section_name(step.section);
  json["at_ns"] = step.at_ns - begin_ns;
  json["duration_ns"] = step.duration_ns ? Json(*step.duration_ns) : Json(nullptr);
  json["uncertainty_ns"] = step.uncertainty_ns;
  json["lane"] = step.lane;
  json["node"] = step.node;
  json["component"] = step.component;
  json["title"] = step.title;
  json["purpose"] = step.purpose;
  json["source"] = source_name(step.source);
  json["detail"] = step.detail;
  json["evidence"] = step.evidence;
  json["link"] = step.link;
  json["crossings"] = step.crossings;
  json["background"] = step.background;
  return json;
}

Json link_json(const LinkUse& link) {
  return {{"agent", link.agent},
          {"name", link.name},
          {"endpoint", link.endpoint},
          {"slot_ns", link.slot_ns},
          {"cells_per_slot", link.cells_per_slot},
          {"cell_bytes", link.cell_bytes},
          {"lanes", link.lanes},
          {"cells_sent", link.cells_sent},
          {"data_cells_sent", link.data_cells_sent},
          {"data_cells_received", link.data_cells_received}};
}

Json trace_json(const Trace& trace) {
  Json json;
  json["operation"] = trace.operation;
  json["pool"] = trace.pool;
  json["object"] = trace.object;
  json["bytes"] = trace.bytes;
  json["ok"] = trace.ok();
  if (!trace.ok()) {
    json["failed"] = {{"call", trace.failed_call}, {"last_step", trace.failed_step}, {"error", trace.error}};
  }
  json["client"] = trace.client;
  json["ceph_version"] = trace.ceph_version;
  json["began"] = utc(trace.begin_ns);
  json["began_ns"] = trace.begin_ns;
  json["total_ns"] = trace.total_ns();
  json["elapsed_ns"] = trace.elapsed_ns;
  json["calls"] = Json::array();
  for (const CallTimes& call : trace.calls) {
    json["calls"].push_back(
        {{"name", call.name},
         {"at_ns", call.begin_ns - trace.begin_ns},
         {"duration_ns", call.end_ns ? Json(*call.end_ns - call.begin_ns) : Json(nullptr)},
         {"result", call.result}});
  }
  json["steps"] = Json::array();
  for (const Step& step : trace.steps) json["steps"].push_back(step_json(step, trace.begin_ns));
  json["notices"] = trace.notices;
  json["links"] = Json::array();
  for (const LinkUse& link : trace.links) json["links"].push_back(link_json(link));
  return json;
}

Step step_from(const Json& json, int64_t begin_ns) {
  Step step;
  step.id = json.at("id");
  const auto section = section_from(json.at("section"));
  if (!section) throw std::invalid_argument("unknown section");
  step.section = *section;
  step.at_ns = json.at("at_ns").get<int64_t>() + begin_ns;
  if (!json.at("duration_ns").is_null()) step.duration_ns = json["duration_ns"].get<int64_t>();
  step.uncertainty_ns = json.value("uncertainty_ns", int64_t{0});
  step.lane = json.at("lane");
  step.node = json.at("node");
  step.component = json.value("component", "");
  step.title = json.at("title");
  step.purpose = json.value("purpose", "");
  for (const Source source : kSources) {
    if (json.value("source", "") == source_name(source)) step.source = source;
  }
  step.detail = json.value("detail", "");
  step.evidence = json.value("evidence", "");
  step.link = json.value("link", "");
  step.crossings = json.value("crossings", 0);
  step.background = json.value("background", false);
  return step;
}

LinkUse link_from(const Json& json) {
  LinkUse link;
  link.agent = json.value("agent", "");
  link.name = json.at("name");
  link.endpoint = json.value("endpoint", "");
  link.slot_ns = json.at("slot_ns");
  link.cells_per_slot = json.at("cells_per_slot");
  link.cell_bytes = json.at("cell_bytes");
  link.lanes = json.value("lanes", 1U);
  link.cells_sent = json.value("cells_sent", uint64_t{0});
  link.data_cells_sent = json.value("data_cells_sent", uint64_t{0});
  link.data_cells_received = json.value("data_cells_received", uint64_t{0});
  return link;
}

Trace trace_from(const Json& json) {
  Trace trace;
  trace.operation = json.at("operation");
  trace.pool = json.at("pool");
  trace.object = json.at("object");
  trace.bytes = json.at("bytes");
  trace.client = json.value("client", "");
  trace.ceph_version = json.value("ceph_version", "");
  if (json.contains("failed")) {
    trace.failed_call = json["failed"].at("call");
    trace.failed_step = json["failed"].value("last_step", "");
    trace.error = json["failed"].value("error", "");
  }
  trace.begin_ns = json.at("began_ns");
  trace.end_ns = trace.begin_ns + json.at("total_ns").get<int64_t>();
  trace.elapsed_ns = json.value("elapsed_ns", int64_t{0});
  for (const Json& call : json.at("calls")) {
    CallTimes times;
    times.name = call.at("name");
    times.begin_ns = call.at("at_ns").get<int64_t>() + trace.begin_ns;
    if (!call.at("duration_ns").is_null()) times.end_ns = times.begin_ns + call["duration_ns"].get<int64_t>();
    times.result = call.value("result", int64_t{0});
    trace.calls.push_back(std::move(times));
  }
  for (const Json& step : json.at("steps")) trace.steps.push_back(step_from(step, trace.begin_ns));
  sort_by_time(trace.steps);
  trace.notices = json.value("notices", std::vector<std::string>());
  for (const Json& link : json.at("links")) trace.links.push_back(link_from(link));
  return trace;
}

}  // namespace

std::string to_json(const std::vector<Trace>& traces) {
  Json json = {{"format", "cuttle-trace"}, {"version", 1}, {"traces", Json::array()}};
  for (const Trace& trace : traces) json["traces"].push_back(trace_json(trace));
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<Trace>> traces_from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != "cuttle-trace") return failure("no traces: \"format\" is not \"cuttle-trace\"");
    std::vector<Trace> traces;
    for (const Json& trace : json.at("traces")) traces.push_back(trace_from(trace));
    return traces;
  } catch (const std::exception& error) {
    return failure(fmt::format("no traces: {}", error.what()));
  }
}

Result<std::vector<Trace>> traces_from_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return failure(
        fmt::format("{}: cannot read it; expected what `cuttle trace put ... --json` printed", path));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto traces = traces_from_json(text);
  if (!traces) return failure(fmt::format("{}: {}", path, traces.error().message));
  return traces;
}

}  // namespace cuttle::trace
