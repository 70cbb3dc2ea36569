#include "mesh/state.hh"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/host_name.hh"

namespace cuttle::mesh {

namespace {

using Json = nlohmann::ordered_json;

// The monitors take values of 64 KiB (mon_config_key_max_entry_size).
constexpr size_t kMaxBytes = 60 << 10;
constexpr size_t kMaxProblemBytes = 16 << 10;
constexpr size_t kMaxTakenBytes = 38 << 10;  // links have the rest, those that are not well first
constexpr size_t kMaxProblems = 32;          // the manager reads no more
constexpr size_t kMaxText = 1000;            // of one
constexpr size_t kMaxShown = 200;            // of another's text, as the manager shows it
constexpr char kLookAtTheAgent[] =
    "cuttle status; cuttle check; journalctl -u 'cuttle@*' -u 'cuttle-mesh@*'; is the disk full?";

std::string dump(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// Nothing that an operator has to hear of.
bool is_well(const LinkStatus& link) {
  return link.state == "up" && !link.open && (link.hiding.empty() || link.hiding == "hidden");
}

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
  size_t bytes = 0;
  for (const MeshProblem& problem : state.problems) {
    Json one = {{"code", problem.code},
                {"host", problem.host},
                {"text", problem.text.substr(0, kMaxText)},
                {"fix", problem.fix}};
    bytes += dump(one).size() + 1;
    if (problems.size() == kMaxProblems || bytes > kMaxProblemBytes) break;
    problems.push_back(std::move(one));
  }
  return problems;
}

// For who waits that all have taken his entry in: he asks soon after.
Json taken_of(const HostState& state) {
  Json taken = Json::object();
  size_t bytes = 0;
  for (const auto& [host, number] : state.taken) {
    bytes += dump({{host, number}}).size();
    if (bytes > kMaxTakenBytes) break;
    taken[host] = number;
  }
  return taken;
}

Json common(const HostState& state, bool essence) {
  Json json = {{"version", 1}, {"host", state.host}};
  json["agent"] = state.agent ? "running" : "stopped";
  json["links"] = links_of(state, essence);
  json["problems"] = problems_of(state);
  json["taken"] = taken_of(state);
  return json;
}

// So many bytes at most: of links those first that are not well. The other ends tell of the rest.
Json fitting(const Json& links, const HostState& state, size_t bytes) {
  std::vector<bool> fits(links.size());
  for (const bool well : {false, true}) {
    for (size_t i = 0; i < links.size(); ++i) {
      const size_t size = dump(links[i]).size() + 1;
      if (is_well(state.agent->links[i]) != well || size > bytes) continue;
      bytes -= size;
      fits[i] = true;
    }
  }
  Json some = Json::array();
  for (size_t i = 0; i < links.size(); ++i) {
    if (fits[i]) some.push_back(links[i]);
  }
  return some;
}

}  // namespace

std::string state_json(const HostState& state, int64_t unix_s) {
  Json json = common(state, false);
  json["time"] = unix_s;
  std::string text = dump(json);
  if (text.size() <= kMaxBytes) return text;
  const Json links = std::exchange(json["links"], Json::array());
  const size_t rest = dump(json).size();
  json["links"] = fitting(links, state, kMaxBytes - std::min(kMaxBytes, rest));
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

std::vector<MeshProblem> told_agent_problems(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  std::vector<MeshProblem> problems;
  if (!json.is_object() || !json.contains("problems") || !json["problems"].is_array()) return problems;
  const auto shown = [](const nlohmann::json& problem, const char* key) {
    const auto found = problem.find(key);
    std::string value = found != problem.end() && found->is_string() ? found->get<std::string>() : "";
    if (value.size() > kMaxShown) value = value.substr(0, kMaxShown) + "...";
    for (char& c : value) {
      if (c < 0x20 || c > 0x7e) c = ' ';
    }
    return value;
  };
  for (const auto& problem : json["problems"]) {
    if (problems.size() == kMaxProblems) break;
    if (!problem.is_object() || shown(problem, "code") != kAgent) continue;
    const std::string host = shown(problem, "host");  // empty: the host itself
    if (!host.empty() && !parse_host_name(host)) continue;
    problems.push_back(
        {kAgent, host, "cuttle-mesh told the monitors: " + shown(problem, "text"), kLookAtTheAgent});
  }
  return problems;
}

std::vector<std::string> not_taken_by(const Known& known, const std::map<std::string, std::string>& states,
                                      const Entry& own) {
  std::vector<std::string> hosts;
  for (const auto& [host, pin] : known.pins) {
    if (pin.standing != Standing::in) continue;
    const auto state = states.find(host);
    // Not a higher number: that was another word, and perhaps of before this one.
    if (state == states.end() || taken_number(state->second, own.host) != own.counter) hosts.push_back(host);
  }
  return hosts;
}

}  // namespace cuttle::mesh
