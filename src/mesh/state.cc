#include "mesh/state.hh"

#include <nlohmann/json.hpp>

namespace cuttle::mesh {

namespace {

using Json = nlohmann::ordered_json;

// A value is 64 KiB at most (mon_config_key_max_entry_size); this leaves room for as many links as there are.
constexpr size_t kMaxProblems = 50;

Json links_of(const HostState& state, bool essence) {
  Json links = Json::array();
  if (!state.agent) return links;
  for (const LinkStatus& link : state.agent->links) {
    const auto host = state.host_of_peer.find(link.name);
    Json one = {{"peer", host == state.host_of_peer.end() ? link.name : host->second},
                {"state", link.state},
                {"open", link.open},
                {"hiding", link.hiding.empty() ? Json() : Json(link.hiding)}};
    const uint64_t late_ns = link.release == "thread" ? link.lateness.p99_ns : link.wire_lateness.p99_ns;
    if (!essence) one["late_p99_us"] = late_ns / 1000;
    links.push_back(std::move(one));
  }
  return links;
}

Json problems_of(const HostState& state) {
  Json problems = Json::array();
  for (const MeshProblem& problem : state.problems) {
    if (problems.size() == kMaxProblems) break;
    problems.push_back(
        {{"code", problem.code}, {"host", problem.host}, {"text", problem.text}, {"fix", problem.fix}});
  }
  return problems;
}

Json common(const HostState& state, bool essence) {
  Json json = {{"version", 1}, {"host", state.host}};
  json["agent"] = state.agent ? "running" : "stopped";
  json["links"] = links_of(state, essence);
  json["problems"] = problems_of(state);
  json["taken"] = Json::object();
  for (const auto& [host, number] : state.taken) json["taken"][host] = number;
  return json;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

std::string state_json(const HostState& state, int64_t unix_s) {
  Json json = common(state, false);
  json["time"] = unix_s;
  return dump(json);
}

std::string state_essence(const HostState& state) {
  return dump(common(state, true));
}

std::optional<uint64_t> taken_number(const std::string& text, const std::string& host) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("taken") || !json["taken"].is_object()) return std::nullopt;
  const auto found = json["taken"].find(host);
  if (found == json["taken"].end() || !found->is_number_unsigned()) return std::nullopt;
  return found->get<uint64_t>();
}

}  // namespace cuttle::mesh
