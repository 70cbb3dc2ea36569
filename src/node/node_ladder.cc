#include "node/node_ladder.hh"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/units.hh"

namespace cuttle {

namespace {

constexpr uint64_t kNeverEnds = UINT64_MAX;  // a day

std::optional<ladder::Spent> spent_of(const LastingWords& file) {
  const auto words = file.load();
  if (!words) return std::nullopt;
  const auto bounded = [](uint64_t word) {
    return static_cast<uint32_t>(std::min<uint64_t>(word, UINT32_MAX));
  };
  return ladder::Spent{(*words)[0], bounded((*words)[1]), bounded((*words)[2])};
}

}  // namespace

std::string ladder_file(const NodeConfig& config) {
  constexpr std::string_view kSocket = ".sock";
  std::string path = config.control_socket;
  if (path.ends_with(kSocket)) path.resize(path.size() - kSocket.size());
  return path + ".ladder";
}

std::unique_ptr<NodeLadder> NodeLadder::open(const NodeConfig& config, const PublicKey& own_key,
                                             uint64_t wall_clock_ns) {
  const ladder::Settings& settings = *config.shape.ladder;
  auto file = LastingWords::open(ladder_file(config));
  if (!file) {
    spdlog::error(
        "{}; so the budget of the ladder cannot be kept over a restart, and stays unspent: the top rate",
        file.error().message);
  }
  const auto before = file ? spent_of(*file) : ladder::Spent{kNeverEnds, UINT32_MAX, settings.shape().top()};
  auto spent = file ? std::optional(std::move(*file)) : std::nullopt;
  return std::unique_ptr<NodeLadder>(
      new NodeLadder(settings, load_be64(own_key.bytes.data()), wall_clock_ns, before, std::move(spent)));
}

void NodeLadder::handle_time(const ReadClocks& read, std::span<NodeLink* const> links) {
  const std::lock_guard lock(mutex_);
  following_.clear();
  for (NodeLink* link : links) {
    if (link->has_ladder()) following_.push_back(link);
  }
  const uint32_t before = control_.told_step();
  const ClockReadings clocks = read();
  control_.handle_time(clocks.monotonic, static_cast<uint64_t>(clocks.wall_clock.ns), following_);
  keep_spent();
  if (const uint32_t step = control_.told_step(); step != before) {
    spdlog::debug("ladder: {} from the next epoch on", format_rate(control_.settings().rates_bps[step]));
  }
}

void NodeLadder::handle_restored() {
  const std::lock_guard lock(mutex_);
  control_.handle_restored();
  keep_spent();
}

// Before the pacers can have changed: they are told seconds ahead.
void NodeLadder::keep_spent() {
  const ladder::Spent spent = control_.keeper().spent();
  if (!spent_ || kept_ == spent) return;
  spent_->store({spent.day, spent.changes, spent.step});
  kept_ = spent;
}

uint32_t NodeLadder::told_step() const {
  const std::lock_guard lock(mutex_);
  return control_.told_step();
}

LadderStatus NodeLadder::status(std::span<const NodeLink* const> links) const {
  const std::lock_guard lock(mutex_);
  const ladder::StepKeeper& keeper = control_.keeper();
  const ladder::StepKeeper::Counters& kept = keeper.counters();
  LadderStatus status;
  status.rates_bps = control_.settings().rates_bps;
  status.step = keeper.step();
  status.epoch_s = static_cast<uint64_t>(control_.settings().epoch.ns / 1'000'000'000);
  status.budget_bits = control_.settings().budget_bits;
  status.told_millibits = static_cast<uint64_t>(keeper.bits_today() * 1000 + 0.5);
  status.changes_today = keeper.changes_today();
  status.changes_per_day = control_.shape().changes_per_day;
  status.held_by_budget = kept.held_by_budget;
  status.held_unsaid = kept.held_unsaid;
  status.held_late = kept.held_late;
  status.disagreements = kept.disagreements;
  status.clock_set_back = kept.clock_set_back;
  status.out_of_place = kept.out_of_place + control_.counters().out_of_place;
  status.other_ladder = control_.counters().other_ladder;
  status.coordinator_changes = control_.counters().coordinator_changes;
  for (const NodeLink* link : links) status.messages_dropped += link->ladder_messages_dropped();
  const auto coordinator = control_.coordinator();
  if (coordinator == control_.number()) {
    status.coordinator = "this node";
  } else if (coordinator) {
    const LadderLink* at = control_.link_of(*coordinator);
    for (const NodeLink* link : links) {
      if (link == at) status.coordinator = link->peer().name;
    }
  }
  return status;
}

}  // namespace cuttle
