#include "sim/cover/ladder_day.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.hh"

namespace cuttle::sim {

namespace {

using ladder::Coordinator;
using ladder::Epoch;
using ladder::NodeNumber;
using ladder::StepKeeper;

constexpr double kStep_s = 0.1;
constexpr double kSlot_s = 0.0015;  // a byte waits for its slot whatever the rate is
// Needs and what is said are exchanged in the last fifth of an epoch.
constexpr double kExchangeAt = 0.8;

// Of waits, weighed by bytes: buckets a fiftieth apart.
class Waits {
 public:
  void add_none(double bytes) { buckets_[0] += bytes; }
  void add(double wait_s, double bytes) {
    const double place = std::log(wait_s / kSlot_s) / std::log(kFactor);
    buckets_[static_cast<size_t>(std::clamp(place, 0.0, kBuckets - 1.0))] += bytes;
  }
  double percentile(double share) const {
    double all = 0;
    for (const double bytes : buckets_) all += bytes;
    double below = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      below += buckets_[i];
      if (below >= share * all) return kSlot_s * std::pow(kFactor, static_cast<double>(i) + 1);
    }
    return kSlot_s;
  }

 private:
  static constexpr size_t kBuckets = 1000;
  static constexpr double kFactor = 1.02;
  std::array<double, kBuckets> buckets_{};
};

struct Link {
  double backlog = 0;  // bits
  double came_in_epoch = 0;
};

// What each link is given in a step: the mean of the time, and half of it more or less.
class Load {
 public:
  explicit Load(const DayOfLoad& load) : load_(load), random_(load.seed) {
    for (size_t node = 0; node < load.nodes; ++node)
      shift_s_.push_back((random_.unit() * 2 - 1) * load.spread_s);
  }
  double bits(size_t node, double at_s) {
    const bool is_busy = std::ranges::any_of(load_.busy, [&](const Busy& busy) {
      return at_s >= busy.from_s + shift_s_[node] && at_s < busy.until_s + shift_s_[node];
    });
    return (is_busy ? load_.busy_bps : load_.idle_bps) * kStep_s * (0.5 + random_.unit());
  }

 private:
  DayOfLoad load_;
  Random random_;
  std::vector<double> shift_s_;
};

class Mesh {
 public:
  Mesh(const DayOfLoad& load, double day_s)
      : nodes_(load.nodes), links_(load.nodes * (load.nodes - 1)), load_(load), day_s_(day_s) {}

  // `rate_of(node, at_s)`: what its links send at; `epoch_over(at_s)`: after each step.
  template <typename RateOf, typename After>
  void run(RateOf rate_of, After after) {
    const auto steps = static_cast<uint64_t>(day_s_ / kStep_s + 0.5);
    for (uint64_t step = 0; step < steps; ++step) {
      const double at_s = static_cast<double>(step) * kStep_s;
      for (size_t node = 0; node < nodes_; ++node) {
        const double rate = rate_of(node);
        bits_sent_ += rate * kStep_s * static_cast<double>(nodes_ - 1);
        for (size_t i = 0; i < nodes_ - 1; ++i) give(links_[node * (nodes_ - 1) + i], node, at_s, rate);
      }
      after(step + 1);
    }
  }
  // What the busiest of the node's links was asked for since it was asked last.
  double take_need_bps(size_t node, double epoch_s) {
    double max = 0;
    for (size_t i = 0; i < nodes_ - 1; ++i) {
      Link& link = links_[node * (nodes_ - 1) + i];
      max = std::max(max, link.came_in_epoch + link.backlog);
      link.came_in_epoch = 0;
    }
    return max / epoch_s;
  }
  void show(DayResult& result) const {
    result.bytes = bits_sent_ / 8;
    result.wait_p50_s = waits_.percentile(0.5);
    result.wait_p99_s = waits_.percentile(0.99);
  }

 private:
  void give(Link& link, size_t node, double at_s, double rate) {
    const double came = load_.bits(node, at_s);
    link.came_in_epoch += came;
    const double waiting = link.backlog;
    link.backlog = std::max(0.0, link.backlog + came - rate * kStep_s);
    // In the middle of the step, half of what came is before a byte.
    const double before = waiting + (came - rate * kStep_s) / 2;
    if (before <= 0) {
      waits_.add_none(came);
    } else {
      waits_.add(kSlot_s + before / rate, came);
    }
  }

  size_t nodes_;
  std::vector<Link> links_;
  Load load_;
  double day_s_;
  double bits_sent_ = 0;
  Waits waits_;
};

// The nodes' decisions.
class Group {
 public:
  Group(size_t nodes, const LadderOptions& options)
      : options_(options), random_(99), needs_(nodes), extra_(nodes, 0) {
    const auto epochs = static_cast<uint32_t>(86'400 / options.epoch_s + 0.5);
    const auto rates = static_cast<uint32_t>(options.rates_bps.size());
    shape_ = {epochs, rates, ladder::max_changes({epochs, rates}, options.budget_bits), options.yields};
    if (options.mutant == LadderMutant::no_budget) shape_.changes_per_day = epochs;
    // A day begins where the ladder has been for long: at the bottom, all of its changes to come.
    first_ = Epoch{kDay} * epochs;
    for (NodeNumber node = 0; node < nodes; ++node) {
      StepKeeper& keeper = keepers_.emplace_back(shape_, first_ - 2);
      keeper.handle_said(first_ - 1, 0);
      keeper.handle_epoch(first_ - 1);
      keeper.handle_epoch(first_);
      coordinators_.emplace_back(node, nodes, shape_, options.going_down_epochs);
      yielding_.emplace_back(shape_, shape_.top());
    }
  }

  const ladder::LadderShape& shape() const { return shape_; }
  uint32_t step(size_t node) const {
    const bool is_own =
        options_.mutant == LadderMutant::own_need || options_.mutant == LadderMutant::mid_epoch;
    return is_own ? std::max(keepers_[node].step(), extra_[node]) : keepers_[node].step();
  }
  uint64_t rate(size_t node) const { return options_.rates_bps[step(node)]; }
  void set_need(size_t node, uint32_t step) { needs_[node] = step; }
  uint32_t need(size_t node) const { return needs_[node]; }
  // Of the epoch that goes on.
  void set_lost(size_t node, double share) {
    if (!options_.yields) return;
    yielding_[node].handle_lost(static_cast<uint32_t>(share * 65'536), keepers_[node].step());
  }
  uint32_t cuts() const { return cuts_; }
  void set_own_step(size_t node, uint32_t step) { extra_[node] = step; }

  // Needs go to all; then whoever believes to be the coordinator says what comes.
  uint32_t exchange(double at_s) {
    const Epoch coming = keepers_.front().epoch() + 1;
    for (NodeNumber from = 0; from < needs_.size(); ++from) {
      if (is_down(from, at_s)) continue;
      for (NodeNumber to = 0; to < needs_.size(); ++to) {
        if (is_down(to, at_s) || (to != from && is_lost())) continue;
        coordinators_[to].handle_need({from, coming, needs_[from], false, ceiling(from)});
      }
    }
    uint32_t highest = keepers_.back().step();
    if (options_.said != nullptr) {
      highest = (*options_.said)[coming - first_ - 1];
      for (StepKeeper& keeper : keepers_) keeper.handle_said(coming, highest);
      return highest;
    }
    for (NodeNumber from = 0; from < needs_.size(); ++from) {
      const auto said = coordinators_[from].poll_said(keepers_[from], coming);
      if (!said || is_down(from, at_s)) continue;
      highest = said->step;
      for (NodeNumber to = 0; to < needs_.size(); ++to) {
        if (is_down(to, at_s) || (to != from && is_lost())) continue;
        keepers_[to].handle_said(said->epoch, said->step);
      }
    }
    return highest;
  }
  void begin_epoch() {
    for (size_t node = 0; node < keepers_.size(); ++node) {
      StepKeeper& keeper = keepers_[node];
      if (options_.yields && options_.said == nullptr) yield(keeper, yielding_[node]);
      keeper.handle_epoch(keeper.epoch() + 1);
    }
  }
  StepKeeper::Counters counters() const {
    StepKeeper::Counters all;
    for (const StepKeeper& keeper : keepers_) {
      all.out_of_place += keeper.counters().out_of_place;
      all.disagreements += keeper.counters().disagreements;
      all.held_unsaid += keeper.counters().held_unsaid;
      all.held_by_budget += keeper.counters().held_by_budget;
    }
    return all;
  }

 private:
  uint32_t ceiling(size_t node) const { return keepers_[node].is_cut() ? 0 : yielding_[node].ceiling(); }
  void yield(StepKeeper& keeper, ladder::Yielding& yielding) {
    const bool is_time = yielding.handle_epoch(keeper.step(), keeper.can_fall());
    if (is_time && !keeper.is_cut() && options_.mutant != LadderMutant::no_breaker) {
      keeper.handle_cut();
      ++cuts_;
    }
    keeper.handle_ceiling(yielding.ceiling());
  }
  bool is_down(NodeNumber node, double at_s) const {
    return node == 0 && std::ranges::any_of(options_.first_node_down, [&](const Busy& down) {
             return at_s >= down.from_s && at_s < down.until_s;
           });
  }
  bool is_lost() {
    return random_.chance(options_.message_loss) && random_.chance(options_.message_loss) &&
           random_.chance(options_.message_loss);
  }

  static constexpr uint64_t kDay = 20'000;  // since 1970

  Epoch first_ = 0;
  LadderOptions options_;
  ladder::LadderShape shape_;
  Random random_;
  std::vector<StepKeeper> keepers_;
  std::vector<Coordinator> coordinators_;
  std::vector<ladder::Yielding> yielding_;
  uint32_t cuts_ = 0;
  std::vector<uint32_t> needs_;
  std::vector<uint32_t> extra_;
};

}  // namespace

DayResult run_flat_day(const DayOfLoad& load, uint64_t rate_bps, double day_s) {
  DayResult result;
  Mesh mesh(load, day_s);
  mesh.run([&](size_t) { return static_cast<double>(rate_bps); }, [](uint64_t) {});
  mesh.show(result);
  return result;
}

DayResult run_day(const DayOfLoad& load, const LadderOptions& options) {
  DayResult result;
  Mesh mesh(load, options.day_s);
  Group group(load.nodes, options);
  result.wires.resize(load.nodes);
  const auto epoch_steps = static_cast<uint64_t>(options.epoch_s / kStep_s + 0.5);
  const auto exchange_step = static_cast<uint64_t>(static_cast<double>(epoch_steps) * kExchangeAt);
  const auto look = [&](double at_s) {
    for (size_t node = 0; node < load.nodes; ++node) {
      auto& wire = result.wires[node];
      if (wire.empty() || wire.back().rate_bps != group.rate(node)) wire.push_back({at_s, group.rate(node)});
    }
  };
  // Of what a node sends at the time.
  const auto lost = [&](size_t node, double at_s) {
    const auto rate = static_cast<double>(group.rate(node));
    const bool is_narrow = std::ranges::any_of(
        options.narrow, [&](const Busy& one) { return at_s >= one.from_s && at_s < one.until_s; });
    return is_narrow && rate > options.narrow_bps ? 1 - options.narrow_bps / rate : 0;
  };
  look(0);
  mesh.run([&](size_t node) { return static_cast<double>(group.rate(node)); },
           [&](uint64_t steps) {
             const double at_s = static_cast<double>(steps) * kStep_s;
             if (lost(0, at_s) > 0.01) result.lost_s += kStep_s;
             if (steps % epoch_steps == exchange_step) {
               for (size_t node = 0; node < load.nodes; ++node) {
                 const double need = mesh.take_need_bps(node, options.epoch_s) * options.headroom;
                 const uint32_t step = ladder::step_for(options.rates_bps, need);
                 group.set_need(node, step);
                 group.set_lost(node, lost(node, at_s));
                 if (options.mutant == LadderMutant::mid_epoch) group.set_own_step(node, step);
               }
               result.said.push_back(group.exchange(at_s));
               if (options.mutant == LadderMutant::mid_epoch) look(at_s);
             }
             if (steps % epoch_steps != 0) return;
             group.begin_epoch();
             if (options.mutant == LadderMutant::own_need) {
               for (size_t node = 0; node < load.nodes; ++node) group.set_own_step(node, group.need(node));
             }
             look(at_s);
           });
  mesh.show(result);
  result.counters = group.counters();
  result.cuts = group.cuts();
  result.changes_allowed = group.shape().changes_per_day;
  result.bits_allowed = options.budget_bits;
  return result;
}

BitsChecked check_wires(const DayResult& result, const LadderOptions& options) {
  BitsChecked checked;
  const auto epochs = static_cast<uint32_t>(86'400 / options.epoch_s + 0.5);
  const auto rates = static_cast<uint32_t>(options.rates_bps.size());
  for (size_t node = 0; node < result.wires.size(); ++node) {
    const auto& wire = result.wires[node];
    const auto changes = static_cast<uint32_t>(wire.size()) - 1;
    checked.changes = std::max(checked.changes, changes);
    for (const RateSeen& seen : wire) {
      const double into = std::fmod(seen.at_s + kStep_s / 2, options.epoch_s) - kStep_s / 2;
      if (std::abs(into) > kStep_s / 4) {
        checked.trouble = fmt::format("node {} changes at {:.1f} s, inside an epoch", node, seen.at_s);
      }
    }
    if (ladder::bits_of({epochs, rates}, changes) > options.budget_bits) {
      checked.trouble = fmt::format("node {} changes {} times: {:.1f} bits, and {:.1f} is the budget", node,
                                    changes, ladder::bits_of({epochs, rates}, changes), options.budget_bits);
    }
  }
  checked.bits = ladder::bits_of({epochs, rates}, checked.changes);
  return checked;
}

}  // namespace cuttle::sim
