#include "node/node_ladder.hh"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/units.hh"

namespace cuttle {

namespace {

constexpr uint64_t kNeverEnds = UINT64_MAX;  // a day, where nothing can be kept
constexpr uint64_t kMillion = 1'000'000;

// The last word: the step; from bit 8 on one more than the ceiling, 0 for none; and in bit 16 whether the
// breaker cut. A ladder that does not yield writes the step alone.
uint64_t last_word(const ladder::Spent& spent, bool yields) {
  if (!yields) return spent.step;
  return spent.step | (uint64_t{spent.ceiling} + 1) << 8 | uint64_t{spent.is_cut} << 16;
}

ladder::Spent all_spent(const ladder::Settings& settings, uint64_t day) {
  if (settings.yields) return {day, UINT32_MAX, 0, 0, true};
  return {day, UINT32_MAX, settings.shape().top()};
}

// Of a file that was not written to its end: the day's budget may have been spent.
std::optional<ladder::Spent> spent_of(const LastingWords& file, const ladder::Settings& settings,
                                      uint64_t today) {
  if (file.is_blank()) return std::nullopt;
  const auto words = file.load();
  if (!words) return all_spent(settings, today);
  const auto bounded = [](uint64_t word) {
    return static_cast<uint32_t>(std::min<uint64_t>(word, UINT32_MAX));
  };
  ladder::Spent spent{(*words)[0], bounded((*words)[1]), bounded((*words)[2])};
  if (const uint64_t word = (*words)[2]; word >> 17 == 0) {
    spent.step = static_cast<uint32_t>(word & 0xff);
    spent.is_cut = word >> 16 != 0;
    if (const auto above = static_cast<uint32_t>(word >> 8 & 0xff); above > 0) spent.ceiling = above - 1;
  }
  return spent;
}

const NodeLink* find(std::span<const NodeLink* const> links, const LadderLink* wanted) {
  const auto found = std::ranges::find_if(links, [&](const NodeLink* link) { return link == wanted; });
  return found == links.end() ? nullptr : *found;
}

// "b lost 20.1 % of this node's cells"
std::string describe(const LadderControl::Lost& lost, std::string_view peer) {
  const double percent = lost.lost_65536ths * 100.0 / 65'536;
  if (lost.is_ours) return fmt::format("{} lost {:.1f} % of this node's cells", peer, percent);
  return fmt::format("{:.1f} % of {}'s cells were lost", percent, peer);
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
        "{}; so the budget of the ladder cannot be kept over a restart, and stays unspent: the {} rate",
        file.error().message, settings.yields ? "lowest" : "top");
  }
  const auto before =
      file ? spent_of(*file, settings, wall_clock_ns / (ladder::kDay_s * uint64_t{1'000'000'000}))
           : all_spent(settings, kNeverEnds);
  auto spent = file ? std::optional(std::move(*file)) : std::nullopt;
  return std::unique_ptr<NodeLadder>(
      new NodeLadder(settings, KeyNumbers::of(own_key), wall_clock_ns, before, std::move(spent)));
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
  log_yielding(links);
}

// Under mutex_.
std::string NodeLadder::describe_lost(const std::optional<LadderControl::Lost>& lost,
                                      std::span<const NodeLink* const> links) {
  if (!lost) return "";
  const NodeLink* link = find(links, lost->link);
  return describe(*lost, link == nullptr ? "a peer that is gone" : link->peer().name);
}

// Under mutex_.
void NodeLadder::log_yielding(std::span<const NodeLink* const> links) {
  const ladder::StepKeeper& keeper = control_.keeper();
  if (control_.yielding() == nullptr) return;
  const auto& rates_bps = control_.settings().rates_bps;
  if (const uint32_t ceiling = keeper.ceiling(); ceiling != logged_ceiling_) {
    if (ceiling < logged_ceiling_) {
      spdlog::warn("ladder: {}; at most {} from the next epoch on", describe_lost(control_.worst(), links),
                   format_rate(rates_bps[ceiling]));
    } else {
      spdlog::info("ladder: nothing was lost for long; up to {} again", format_rate(rates_bps[ceiling]));
    }
    logged_ceiling_ = ceiling;
  }
  if (keeper.is_cut() == is_cut_) return;
  is_cut_ = keeper.is_cut();
  why_cut_ = !is_cut_         ? ""
             : control_.cut() ? describe_lost(control_.cut(), links)
             : spent_         ? "before the agent started"
                              : "the budget cannot be kept over a restart";
  if (!is_cut_) {
    spdlog::info("ladder: another day; the breaker lets go");
  } else {
    spdlog::error("ladder: the breaker cut: {}, for {} epochs and more; {} until 00:00 UTC", why_cut_,
                  ladder::Yielding::kCutAfter, format_rate(rates_bps[keeper.step()]));
  }
}

void NodeLadder::handle_own_key(const PublicKey& key) {
  const std::lock_guard lock(mutex_);
  control_.handle_number(KeyNumbers::of(key));
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
  spent_->store({spent.day, spent.changes, last_word(spent, control_.settings().yields)});
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
  status.messages_dropped = control_.counters().wrong_number;
  status.coordinator_changes = control_.counters().coordinator_changes;
  if (const ladder::Yielding* yielding = control_.yielding()) {
    YieldStatus& yields = status.yields.emplace();
    yields.ceiling = keeper.ceiling();
    yields.falls = yielding->counters().falls;
    yields.rises = yielding->counters().rises;
    yields.unknown = yielding->counters().unknown;
    yields.lost = describe_lost(control_.worst(), links);
    if (control_.worst()) yields.lost_ppm = control_.worst()->lost_65536ths * kMillion / 65'536;
    yields.is_cut = keeper.is_cut();
    yields.why_cut = why_cut_;
  }
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
