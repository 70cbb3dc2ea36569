#include "trace/gather.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "trace/agents.hh"
#include "trace/assemble.hh"
#include "trace/observation_files.hh"

namespace cuttle::trace {

namespace {

// An operation moves to the history a moment after its reply; a thread of the OSD does that in batches.
constexpr Duration kHistoryTimeout = seconds(2);
constexpr Duration kFailedTimeout = seconds(1);
constexpr auto kAskAgain = std::chrono::milliseconds(50);
constexpr Duration kAnswer = seconds(5);

Duration whole(const GatherOptions& options) {
  return nanoseconds(static_cast<int64_t>(options.client.timeout_s * 1e9));
}

class Gatherer {
 public:
  explicit Gatherer(const GatherOptions& options) : options_(options) {}

  Result<std::vector<Trace>> run(int count) {
    Instant began = steady_now();
    connect(began);
    std::vector<Trace> traces;
    for (int i = 0; i < count; ++i) {
      auto trace = one(began);
      if (!trace) return tl::unexpected(trace.error());
      traces.push_back(std::move(*trace));
      if (!traces.back().ok()) break;
      began = steady_now();
    }
    return traces;
  }

 private:
  // A quarter of the time at the most, so that the traced client has the rest of it.
  void connect(Instant began) {
    auto cluster = Cluster::connect(options_.client, began + whole(options_) / 4);
    if (!cluster) {
      notices_.push_back(
          fmt::format("the OSDs cannot be asked for their histories: {}", cluster.error().message));
      return;
    }
    cluster_ = std::move(*cluster);
    const Instant deadline = std::min(began + whole(options_) / 2, steady_now() + kAnswer);
    if (auto version = cluster_->version(deadline)) version_ = *version;
    if (auto addresses = cluster_->addresses(deadline)) addresses_ = *addresses;
    if (options_.widen_histories) widen(deadline);
  }

  void widen(Instant deadline) {
    const auto osds = cluster_->acting(options_.wanted.pool, options_.wanted.object, deadline);
    if (!osds) return;  // the traced client will meet the same, and say it better
    for (const int osd : *osds) {
      if (osd < 0) continue;
      const auto widened = cluster_->widen_history(osd, deadline);
      if (!widened) {
        notices_.push_back(
            fmt::format("osd.{}: its history keeps its size: {}", osd, widened.error().message));
      }
    }
  }

  Result<Trace> one(Instant began) {
    std::vector<std::string> notices = notices_;
    const auto before = ask_agents(options_.agent_sockets, notices);
    auto observation = run_client(options_.client, options_.wanted, began + whole(options_), log_copy());
    if (!observation) return tl::unexpected(observation.error());
    std::vector<std::string> ignored;
    observation->links = link_uses(before, ask_agents(options_.agent_sockets, ignored));
    observation->ceph_version = version_;
    observation->osd_addresses = addresses_;
    observation->notices = std::move(notices);
    if (cluster_ != nullptr) fetch_histories(*observation);
    if (!options_.keep.empty()) {
      const auto saved = save_observation(options_.keep, *observation, recognise(*observation).request);
      if (!saved) return tl::unexpected(saved.error());
    }
    return assemble(*observation);
  }

  std::string log_copy() const { return options_.keep.empty() ? "" : options_.keep + "/" + kLogFile; }

  void fetch_histories(Observation& observation) {
    const Recognised recognised = recognise(observation);
    const bool went_well =
        observation.calls[static_cast<size_t>(Call::operate)].result >= 0 && !observation.timed_out;
    if (!went_well) look_for_causes(observation, recognised);
    if (recognised.request.empty() || recognised.acting.empty()) return;
    std::vector<int> wanted = recognised.acting;
    if (!observation.put) wanted.resize(1);
    const Instant deadline = steady_now() + (went_well ? kHistoryTimeout : kFailedTimeout);
    std::map<int, std::string> found;
    while (true) {
      std::erase_if(wanted, [&](int osd) {
        auto json = cluster_->history(osd, deadline);
        const bool complete = json && is_complete(*json, recognised, osd, observation.put);
        if (json) found[osd] = std::move(*json);
        return complete;
      });
      if (wanted.empty() || !went_well || steady_now() >= deadline) break;
      std::this_thread::sleep_for(kAskAgain);
    }
    for (auto& [osd, json] : found) observation.histories.push_back({osd, std::move(json)});
  }

  // An operation that failed may still be under way in an OSD. The primary first: an OSD that hangs is asked
  // last.
  void look_for_causes(Observation& observation, const Recognised& recognised) {
    const Instant deadline = steady_now() + kFailedTimeout;
    if (const auto health = cluster_->health(deadline))
      observation.notices.push_back("the cluster says " + *health);
    if (recognised.request.empty()) return;
    for (const int osd : recognised.acting) {
      auto json = cluster_->in_flight(osd, deadline);
      if (json && json->find(recognised.request) != std::string::npos) {
        observation.histories.push_back({osd, std::move(*json)});
      }
    }
  }

  // The primary has two entries for a write with replicas: the operation, and the replica's answer.
  static bool is_complete(const std::string& json, const Recognised& recognised, int osd, bool put) {
    if (osd != recognised.acting.front()) return json.find(recognised.request) != std::string::npos;
    const bool answered = !put || recognised.acting.size() == 1 ||
                          json.find("_reply(" + recognised.request) != std::string::npos ||
                          json.find("osd_repop") == std::string::npos;
    return answered && json.find("osd_op(" + recognised.request) != std::string::npos;
  }

  const GatherOptions& options_;
  std::unique_ptr<Cluster> cluster_;
  std::string version_;
  std::map<int, std::string> addresses_;
  std::vector<std::string> notices_;
};

}  // namespace

Result<std::vector<Trace>> gather(const GatherOptions& options, int count) {
  return Gatherer(options).run(count);
}

}  // namespace cuttle::trace
