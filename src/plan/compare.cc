#include "plan/compare.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/format.hh"
#include "base/units.hh"
#include "ladder/coordinator.hh"
#include "report/page.hh"

namespace cuttle::plan {

namespace {

constexpr double kDay_s = 86'400;
constexpr double kEpoch_s = 10;
constexpr double kGoingDown_s = 600;
constexpr double kRelayRoom = 1.05;  // above the 2r/N of the theory

struct Flowed {
  double bytes_a_day = 0;
  double wait_p99_s = 0;  // by bytes
};

// The load as a flow through links whose rate may change with each step.
Flowed flow(const std::vector<LoadStep>& steps,
            const std::function<double(const LoadStep&, double)>& rate_bps) {
  double backlog = 0;
  double sent = 0;
  double seen_s = 0;
  double bytes = 0;
  std::vector<std::pair<double, double>> waits;
  for (const LoadStep& step : steps) {
    const double rate = rate_bps(step, backlog);
    const double came = static_cast<double>(step.bytes) * 8;
    const double after = std::max(0.0, backlog + came - rate * step.length_s);
    waits.emplace_back((backlog + after) / 2 / rate, came);
    backlog = after;
    bytes += came;
    sent += rate * step.length_s / 8;
    seen_s += step.length_s;
  }
  std::ranges::sort(waits);
  double below = 0;
  Flowed flowed{.bytes_a_day = sent / seen_s * kDay_s, .wait_p99_s = 0};
  for (const auto& [wait, bits] : waits) {
    flowed.wait_p99_s = wait;
    if ((below += bits) >= 0.99 * bytes) break;
  }
  return flowed;
}

// The rates of a ladder of two, epoch by epoch, as src/ladder decides them. At a day's begin the changes that
// it may make are there again.
class LadderOfTwo {
 public:
  LadderOfTwo(double low_bps, double high_bps, double peak_bps, double epoch_s, double budget_bits)
      : rates_{static_cast<uint64_t>(low_bps), static_cast<uint64_t>(high_bps)},
        headroom_(high_bps / peak_bps),
        epoch_s_(epoch_s),
        shape_(shape_of(epoch_s, budget_bits)),
        coordinator_(0, 1, shape_, static_cast<uint32_t>(std::ceil(kGoingDown_s / epoch_s))) {}

  double rate(const LoadStep& step, double backlog_bits) {
    const auto epoch = static_cast<ladder::Epoch>(step.at_s / epoch_s_);
    if (!keeper_) keeper_.emplace(shape_, epoch - 1);
    if (epoch > keeper_->epoch()) {
      // A need comes from the epoch before; what waits has to go, too.
      const double needed = need_bps_ * headroom_ + backlog_bits / epoch_s_;
      coordinator_.handle_need({0, keeper_->epoch() + 1, ladder::step_for(rates_, needed)});
      if (const auto said = coordinator_.poll_said(*keeper_, keeper_->epoch() + 1)) {
        keeper_->handle_said(said->epoch, said->step);
      }
      keeper_->handle_epoch(epoch);
      need_bps_ = 0;
    }
    need_bps_ = std::max(need_bps_, step.mean_bps());
    return static_cast<double>(rates_[keeper_->step()]);
  }
  double bits_a_day() const {
    return ladder::bits_of({shape_.epochs_per_day, shape_.rates}, shape_.changes_per_day);
  }
  uint32_t changes_a_day() const { return shape_.changes_per_day; }

 private:
  static ladder::LadderShape shape_of(double epoch_s, double budget_bits) {
    const auto epochs = static_cast<uint32_t>(kDay_s / epoch_s);
    return {epochs, 2, ladder::max_changes({epochs, 2}, budget_bits)};
  }

  std::vector<uint64_t> rates_;
  double headroom_;
  double epoch_s_;
  ladder::LadderShape shape_;
  ladder::Coordinator coordinator_;
  std::optional<ladder::StepKeeper> keeper_;
  double need_bps_ = 0;
};

// The same load in steps no longer than an epoch: within a step of an export, its mean.
std::vector<LoadStep> in_epochs(const std::vector<LoadStep>& steps) {
  std::vector<LoadStep> fine;
  for (const LoadStep& step : steps) {
    const double parts = std::ceil(step.length_s / kEpoch_s);
    for (double i = 0; i < parts; ++i) {
      fine.push_back({step.at_s + i * step.length_s / parts, step.length_s / parts,
                      static_cast<uint64_t>(static_cast<double>(step.bytes) / parts)});
    }
  }
  return fine;
}

int64_t wall_ns(double at_s) {
  return static_cast<int64_t>(at_s * 1e9);
}

std::vector<std::pair<double, double>> hourly(const std::vector<LoadStep>& steps,
                                              const std::function<double(const LoadStep&)>& value) {
  std::vector<std::pair<double, double>> points;
  for (const LoadStep& step : steps) {
    const double hour = std::floor((step.at_s - steps.front().at_s) / 3600);
    if (points.empty() || points.back().first != hour) points.emplace_back(hour, 0);
    points.back().second = std::max(points.back().second, value(step));
  }
  return points;
}

}  // namespace

std::optional<Comparison> compare(const LinkLoad& load, const Advice& advice, const CompareWanted& wanted) {
  if (load.steps.empty() || !advice.recommended) return std::nullopt;
  const std::vector<LoadStep>& steps = load.steps;
  const Option& best = advice.options[*advice.recommended];
  const auto flat_bps = static_cast<double>(best.shape.rate_bps);
  const double base_s = static_cast<double>(best.replay.waits.p99.ns) * 1e-9;
  double peak = 0;
  for (const LoadStep& step : steps) peak = std::max(peak, step.mean_bps());

  Comparison comparison;
  comparison.wanted = wanted;
  const double links = wanted.nodes > 1 ? wanted.nodes - 1 : 1;
  const auto add = [&](std::string name, const Flowed& flowed, double bits, std::string note) {
    comparison.ways.push_back(
        {std::move(name), flowed.bytes_a_day * links, base_s + flowed.wait_p99_s, bits, std::move(note)});
  };
  add("one rate", flow(steps, [&](const LoadStep&, double) { return flat_bps; }), 0,
      format_rate(best.shape.rate_bps));

  comparison.calendar = propose_calendar(steps, best.shape.rate_bps);
  const Calendar calendar(comparison.calendar.otherwise_bps, comparison.calendar.entries);
  const auto by_calendar = [&](const LoadStep& step) {
    return static_cast<double>(calendar.rate_at(wall_ns(step.at_s)));
  };
  const std::vector<uint64_t> rates = calendar.rates();
  add("calendar", flow(steps, [&](const LoadStep& step, double) { return by_calendar(step); }), 0,
      fmt::format("{} to {}, written in advance", format_rate(rates.front()), format_rate(rates.back())));

  const std::vector<LoadStep> fine = in_epochs(steps);
  std::optional<Way> ladder_way;
  for (const uint64_t low : rates) {
    if (low >= best.shape.rate_bps) continue;
    LadderOfTwo ladder(static_cast<double>(low), flat_bps, peak, kEpoch_s, wanted.budget_bits);
    const Flowed flowed =
        flow(fine, [&](const LoadStep& step, double backlog) { return ladder.rate(step, backlog); });
    if (ladder_way && ladder_way->bytes_a_day <= flowed.bytes_a_day * links) continue;
    ladder_way = {"ladder", flowed.bytes_a_day * links, base_s + flowed.wait_p99_s, ladder.bits_a_day(),
                  fmt::format("{} and {}, {} changes a day; a study, not in the agent", format_rate(low),
                              format_rate(best.shape.rate_bps), ladder.changes_a_day())};
  }
  if (ladder_way) comparison.ways.push_back(*ladder_way);

  if (wanted.nodes > 3) {
    const double link_bps = std::min(flat_bps, flat_bps * 2 / wanted.nodes * kRelayRoom);
    Way way = comparison.ways.front();
    way.name = "relays";
    way.bytes_a_day = link_bps / 8 * kDay_s * links;
    way.added_p99_s = 2 * base_s;
    way.note = fmt::format("links of {}, two of them for most bytes; a study, not in the agent",
                           format_rate(static_cast<uint64_t>(link_bps)));
    comparison.ways.push_back(way);
  }
  comparison.load_bps = hourly(steps, [](const LoadStep& step) { return step.mean_bps(); });
  comparison.calendar_bps = hourly(steps, by_calendar);
  return comparison;
}

report::Table ways_table(const Comparison& comparison) {
  report::Table table;
  table.header = {"way", comparison.wanted.nodes > 1 ? "a day, a node" : "a day, each way", "of one rate",
                  "added, p99", "bits told a day"};
  if (comparison.wanted.price_per_gb > 0) table.header.emplace_back("price a day");
  table.header.emplace_back("");
  for (const Way& way : comparison.ways) {
    table.rows.push_back({way.name, bytes_text(way.bytes_a_day),
                          percent(way.bytes_a_day / comparison.ways.front().bytes_a_day),
                          format_duration({static_cast<int64_t>(way.added_p99_s * 1e9)}),
                          way.bits_a_day == 0 ? "0" : fmt::format("{:.1f} at the most", way.bits_a_day)});
    if (comparison.wanted.price_per_gb > 0) {
      table.rows.back().push_back(
          fmt::format("{:.2f}", way.bytes_a_day * 1e-9 * comparison.wanted.price_per_gb));
    }
    table.rows.back().push_back(way.note);
  }
  return table;
}

std::string to_string(const Comparison& comparison) {
  return report::text_table(ways_table(comparison)) +
         fmt::format("\nThe calendar ({}, UTC), for both ends:\n\n",
                     comparison.calendar.by_weekday ? "by the days of the week seen"
                                                    : "every day alike: fewer than six days were seen") +
         to_toml(comparison.calendar);
}

}  // namespace cuttle::plan
