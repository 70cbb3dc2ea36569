#include "trace/cluster.hh"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cuttle::trace {

namespace {

using Json = nlohmann::json;

constexpr int kHistorySize = 5000;
constexpr Duration kFarewell = seconds(3);
constexpr Duration kShortFarewell = milliseconds(100);

// "10.77.0.12:6800/10089" or "[fd00::1]:6800/1"
std::string host_of(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  return !host.empty() && host.front() == '[' ? host.substr(1, host.size() - 2) : host;
}

std::string to_monitor(const Json& command) {
  return Json{{"to", "mon"}, {"command", command}}.dump();
}

std::string to_osd(const char* how, int osd, const Json& command) {
  return Json{{"to", how}, {"id", osd}, {"command", command}}.dump();
}

// The wanted part of an answer in JSON; a failure when it has another form.
template <typename Function>
auto read_json(const std::string& text, Function function) -> Result<decltype(function(Json()))> {
  try {
    return function(Json::parse(text));
  } catch (const std::exception& error) {
    return failure(fmt::format("the cluster's answer has another form than expected: {}", error.what()));
  }
}

}  // namespace

Cluster::Cluster(ChildProcess process, FileDescriptor to, FileDescriptor from)
    : process_(std::move(process)), to_(std::move(to)), from_(std::move(from)) {}

Result<std::unique_ptr<Cluster>> Cluster::connect(const ClientOptions& options, Instant deadline) {
  signal(SIGPIPE, SIG_IGN);
  auto to = make_pipe();
  auto from = make_pipe();
  if (!to) return tl::unexpected(to.error());
  if (!from) return tl::unexpected(from.error());
  const double left_s = static_cast<double>((deadline - steady_now()).ns) * 1e-9;
  std::vector<std::string> arguments = {options.program, "control",
                                        "--name",        options.name,
                                        "--timeout",     fmt::format("{:.3f}", std::max(left_s, 0.1))};
  if (!options.configuration.empty()) arguments.insert(arguments.end(), {"--conf", options.configuration});
  auto process = ChildProcess::start(arguments, {{to->reading.get(), 0}, {from->writing.get(), 1}});
  if (!process) return tl::unexpected(process.error());
  std::unique_ptr<Cluster> cluster(
      new Cluster(std::move(*process), std::move(to->writing), std::move(from->reading)));
  from->writing = FileDescriptor();
  to->reading = FileDescriptor();
  const auto greeting = cluster->read_line(deadline);
  if (!greeting) {
    cluster->process_.end();  // nothing was changed yet
    return tl::unexpected(greeting.error());
  }
  const auto said = read_json(*greeting, [](const Json& json) { return json.at("said").get<std::string>(); });
  if (!said) return tl::unexpected(said.error());
  if (!said->empty()) {
    cluster->broken_ = true;
    return failure(*said);
  }
  return cluster;
}

Cluster::~Cluster() {
  to_ = FileDescriptor();
  // It changes back what was changed, then ends by itself. Where an OSD does not answer that takes until its
  // own time-out; it must not be ended before.
  if (!process_.wait_until(steady_now() + (broken_ ? kShortFarewell : kFarewell))) process_.leave();
}

Result<std::string> Cluster::read_line(Instant deadline) {
  bool at_end = false;
  size_t end = unread_.find('\n');
  while (end == std::string::npos) {
    if (!read_more(from_.get(), deadline, unread_, at_end)) {
      broken_ = true;
      return failure(at_end ? "the line to the cluster broke" : "no answer in time");
    }
    end = unread_.find('\n');
  }
  std::string line = unread_.substr(0, end);
  unread_.erase(0, end + 1);
  return line;
}

Result<std::string> Cluster::ask(const std::string& request, Instant deadline) {
  if (broken_) return failure("no answer in time");
  const std::string line = request + "\n";
  if (write(to_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    broken_ = true;
    return failure("the line to the cluster broke");
  }
  const auto answer = read_line(deadline);
  if (!answer) return tl::unexpected(answer.error());
  const auto json = read_json(*answer, [](const Json& parsed) { return parsed; });
  if (!json) return tl::unexpected(json.error());
  if (json->value("status", -1) != 0) {
    return failure(fmt::format("{} (status {})", json->value("said", "refused"), json->value("status", -1)));
  }
  return json->value("out", "");
}

Result<std::string> Cluster::ask_monitor(const std::string& prefix, Instant deadline) {
  return ask(to_monitor({{"prefix", prefix}, {"format", "json"}}), deadline);
}

Result<std::string> Cluster::version(Instant deadline) {
  const auto answer = ask_monitor("version", deadline);
  if (!answer) return tl::unexpected(answer.error());
  return read_json(*answer, [](const Json& json) {
    const std::string text = json.at("version");  // "ceph version 16.2.15 (...) pacific (stable)"
    const size_t at = text.find("version ");
    const size_t from = at == std::string::npos ? 0 : at + 8;
    return text.substr(from, text.find_first_not_of("0123456789.", from) - from);
  });
}

Result<std::vector<int>> Cluster::acting(const std::string& pool, const std::string& object,
                                         Instant deadline) {
  const Json command = {{"prefix", "osd map"}, {"pool", pool}, {"object", object}, {"format", "json"}};
  const auto answer = ask(to_monitor(command), deadline);
  if (!answer) return tl::unexpected(answer.error());
  return read_json(*answer, [](const Json& json) {
    std::vector<int> osds = {json.at("acting_primary").get<int>()};
    for (const int osd : json.at("acting").get<std::vector<int>>()) {
      if (osd != osds.front()) osds.push_back(osd);
    }
    return osds;
  });
}

Result<std::map<int, std::string>> Cluster::addresses(Instant deadline) {
  const auto answer = ask_monitor("osd dump", deadline);
  if (!answer) return tl::unexpected(answer.error());
  return read_json(*answer, [](const Json& json) {
    std::map<int, std::string> found;
    for (const Json& osd : json.at("osds")) {
      found[osd.at("osd").get<int>()] = host_of(osd.at("public_addr").get<std::string>());
    }
    return found;
  });
}

Result<void> Cluster::widen_history(int osd, Instant deadline) {
  constexpr const char* kOption = "osd_op_history_size";
  const auto undone = ask(to_osd("undo", osd, {{"prefix", "config unset"}, {"var", kOption}}), deadline);
  if (!undone) return tl::unexpected(undone.error());
  const Json command = {{"prefix", "config set"}, {"var", kOption}, {"val", {std::to_string(kHistorySize)}}};
  const auto answer = ask(to_osd("osd", osd, command), deadline);
  if (!answer) return tl::unexpected(answer.error());
  return {};
}

Result<std::string> Cluster::history(int osd, Instant deadline) {
  return ask(to_osd("osd", osd, {{"prefix", "dump_historic_ops"}, {"format", "json"}}), deadline);
}

Result<std::string> Cluster::in_flight(int osd, Instant deadline) {
  return ask(to_osd("osd", osd, {{"prefix", "dump_ops_in_flight"}, {"format", "json"}}), deadline);
}

Result<std::string> Cluster::health(Instant deadline) {
  const auto answer = ask_monitor("health", deadline);
  if (!answer) return tl::unexpected(answer.error());
  return read_json(*answer, [](const Json& json) {
    std::string text = json.at("status");
    const char* separator = ": ";
    for (const auto& [name, check] : json.at("checks").items()) {
      text += separator + check.at("summary").at("message").get<std::string>();
      separator = "; ";
    }
    return text;
  });
}

}  // namespace cuttle::trace
