#include "trace/observation_files.hh"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "report/page.hh"

namespace cuttle::trace {

namespace {

using Json = nlohmann::ordered_json;

Json call_json(const CallRecord& call) {
  return {{"begin_ns", call.begin_ns ? Json(*call.begin_ns) : Json(nullptr)},
          {"end_ns", call.end_ns ? Json(*call.end_ns) : Json(nullptr)},
          {"result", call.result}};
}

CallRecord call_from(const Json& json) {
  CallRecord call;
  if (!json.at("begin_ns").is_null()) call.begin_ns = json["begin_ns"].get<int64_t>();
  if (!json.at("end_ns").is_null()) call.end_ns = json["end_ns"].get<int64_t>();
  call.result = json.at("result");
  return call;
}

// The operations that name `request`, in the document's own form.
Json part_of(const std::string& history, const std::string& request) {
  Json document = Json::parse(history, nullptr, false);
  if (document.is_discarded() || !document.contains("ops")) return nullptr;
  Json kept = Json::array();
  for (Json& operation : document["ops"]) {
    if (operation.value("description", "").find(request) != std::string::npos)
      kept.push_back(std::move(operation));
  }
  document["ops"] = std::move(kept);
  return document;
}

Observation observation_from(const Json& json) {
  Observation observation;
  observation.put = json.at("put");
  observation.pool = json.at("pool");
  observation.object = json.at("object");
  observation.bytes = json.at("bytes");
  observation.elapsed_ns = json.at("elapsed_ns");
  observation.timed_out = json.at("timed_out");
  observation.timeout_s = json.at("timeout_s");
  observation.ceph_version = json.at("ceph_version");
  if (!json.at("version").is_null()) observation.version = json["version"].get<int64_t>();
  observation.version_ns = json.at("version_ns");
  for (size_t i = 0; i < kCalls; ++i) observation.calls[i] = call_from(json.at("calls").at(i));
  for (const Json& reading : json.at("readings")) {
    observation.readings.push_back({reading.at(0).get<uint64_t>(), reading.at(1).get<int64_t>()});
  }
  for (const auto& [osd, address] : json.at("osd_addresses").items()) {
    observation.osd_addresses[std::stoi(osd)] = address;
  }
  for (const Json& history : json.at("histories")) {
    observation.histories.push_back({history.at("osd").get<int>(), history.at("history").dump()});
  }
  observation.notices = json.at("notices").get<std::vector<std::string>>();
  return observation;
}

}  // namespace

Result<void> save_observation(const std::string& folder, const Observation& observation,
                              const std::string& request) {
  Json json;
  json["put"] = observation.put;
  json["pool"] = observation.pool;
  json["object"] = observation.object;
  json["bytes"] = observation.bytes;
  json["elapsed_ns"] = observation.elapsed_ns;
  json["timed_out"] = observation.timed_out;
  json["timeout_s"] = observation.timeout_s;
  json["ceph_version"] = observation.ceph_version;
  json["version"] = observation.version ? Json(*observation.version) : Json(nullptr);
  json["version_ns"] = observation.version_ns;
  json["calls"] = Json::array();
  for (const CallRecord& call : observation.calls) json["calls"].push_back(call_json(call));
  json["readings"] = Json::array();
  for (const ClockReading& reading : observation.readings)
    json["readings"].push_back({reading.thread, reading.ns});
  json["osd_addresses"] = Json::object();
  for (const auto& [osd, address] : observation.osd_addresses)
    json["osd_addresses"][std::to_string(osd)] = address;
  json["histories"] = Json::array();
  for (const OsdHistory& history : observation.histories) {
    json["histories"].push_back({{"osd", history.osd}, {"history", part_of(history.json, request)}});
  }
  json["notices"] = observation.notices;
  return report::write_file(folder + "/" + kObservationFile,
                            json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

Result<Observation> load_observation(const std::string& folder) {
  std::ifstream file(folder + "/" + kObservationFile);
  std::ifstream log(folder + "/" + kLogFile);
  if (!file || !log)
    return failure(fmt::format("{}: no {} and {} in it", folder, kObservationFile, kLogFile));
  try {
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    Observation observation = observation_from(Json::parse(text));
    for (std::string line; std::getline(log, line);) {
      if (auto parsed = parse_log_line(line)) observation.lines.push_back(std::move(*parsed));
    }
    return observation;
  } catch (const std::exception& error) {
    return failure(fmt::format("{}/{}: {}", folder, kObservationFile, error.what()));
  }
}

}  // namespace cuttle::trace
