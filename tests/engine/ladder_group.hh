// Nodes with a ladder, and links between them that may lose what is said.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/random.hh"
#include "engine/ladder_control.hh"

namespace cuttle::ladder_group {

inline constexpr uint64_t kSlow = 50'000'000;
inline constexpr uint64_t kFast = 400'000'000;
inline constexpr Duration kEpoch = seconds(10);
// A little after a midnight.
inline constexpr int64_t kBegin_ns = (20'000 * ladder::kDay_s + 3) * 1'000'000'000;

inline ladder::Settings settings_of(uint32_t bits = 48) {
  return {.rates_bps = {kSlow, kFast}, .epoch = kEpoch, .budget_bits = bits, .lower_after = seconds(30)};
}

struct Link final : LadderLink {
  std::optional<wire::LadderMessage> poll_ladder() override {
    if (flood > 0) {
      --flood;
      return wire::LadderMessage{};
    }
    if (inbox.empty()) return std::nullopt;
    const wire::LadderMessage message = inbox.front();
    inbox.pop_front();
    return message;
  }
  bool is_of_peer(uint64_t number) const override { return peers.empty() || peers.contains(number); }
  bool poll_restored() override { return std::exchange(restored, false); }
  void send_ladder(const wire::LadderMessage& message) override {
    if (other != nullptr && !is_cut && !(loss != nullptr && loss->chance(0.1)))
      other->inbox.push_back(message);
  }
  double poll_needed_bps(Duration /*since_last*/) override { return needed_bps; }
  CellsLost poll_lost() override { return std::exchange(cells, {}); }
  uint32_t told_step() const override { return step; }
  void change_step(const ChangeStep& change) override {
    step = change.step;
    changes.push_back({change, told_at ? *told_at : Instant{}});
  }

  struct Told {
    ChangeStep change;
    Instant when;
  };
  std::set<uint64_t> peers;  // what the other end may call itself; empty: anything
  std::deque<wire::LadderMessage> inbox;
  Link* other = nullptr;
  int flood = 0;
  bool restored = false;
  bool is_cut = false;
  Random* loss = nullptr;
  double needed_bps = 0;
  CellsLost cells{};
  uint32_t step = 1;
  std::vector<Told> changes;
  const Instant* told_at = nullptr;
  uint32_t first_step = 1;  // before any change
  // In the time since the last look, at the step that is sent now; `carries_bps`: what the way from this end
  // to the other has room for.
  uint32_t sent_step(Instant now) const {
    uint32_t sent = first_step;
    for (const Told& told : changes) {
      if (told.change.at <= now) sent = told.change.step;
    }
    return sent;
  }
  void send_cells(Instant now, const std::vector<uint64_t>& rates_bps) {
    const auto sent = static_cast<double>(rates_bps[sent_step(now)]) / 12'000 / 10;
    const double kept = std::min(1.0, carries_bps / static_cast<double>(rates_bps[sent_step(now)]));
    lost_part += sent * (1 - kept);
    const auto lost = static_cast<uint64_t>(lost_part);
    lost_part -= static_cast<double>(lost);
    other->cells.lost += lost;
    other->cells.came += static_cast<uint64_t>(sent) - std::min(lost, static_cast<uint64_t>(sent));
  }
  double carries_bps = 1e12;
  double lost_part = 0;
};

struct Node {
  explicit Node(const ladder::Settings& settings, ladder::NodeNumber number, int64_t wall_ns)
      : control(settings, number, static_cast<uint64_t>(wall_ns)) {}
  std::vector<LadderLink*> links() const {
    std::vector<LadderLink*> all;
    for (const auto& link : owned) all.push_back(link.get());
    return all;
  }
  void need(double bps) {
    for (const auto& link : owned) link->needed_bps = bps;
  }
  LadderControl control;
  std::vector<std::unique_ptr<Link>> owned;
  Duration clock_wrong{};
  bool runs = true;
};

// Nodes that have links with each other, and look every 100 ms.
class Group {
 public:
  explicit Group(size_t count, const ladder::Settings& settings = settings_of()) {
    for (size_t i = 0; i < count; ++i) add(std::make_unique<Node>(settings, 100 + i, wall_ns()));
  }

  void add(std::unique_ptr<Node> node) {
    for (const auto& other : nodes) {
      auto here = std::make_unique<Link>();
      auto there = std::make_unique<Link>();
      here->other = there.get();
      there->other = here.get();
      here->peers = {other->control.number()};
      there->peers = {node->control.number()};
      here->loss = there->loss = &random;
      here->told_at = there->told_at = &now;
      there->step = there->first_step = other->control.told_step();
      here->step = here->first_step = node->control.told_step();
      node->owned.push_back(std::move(here));
      other->owned.push_back(std::move(there));
    }
    nodes.push_back(std::move(node));
  }
  int64_t wall_ns() const { return kBegin_ns + now.ns; }
  void run(Duration time) {
    for (const Instant end = now + time; now < end; now = now + milliseconds(100)) {
      for (const auto& node : nodes) {
        if (!node->runs) continue;
        const int64_t wall = wall_ns() + node->clock_wrong.ns;
        node->control.handle_time(now, static_cast<uint64_t>(wall), node->links());
      }
      for (const auto& node : nodes) {
        for (const auto& link : node->owned) link->send_cells(now, node->control.settings().rates_bps);
      }
    }
  }
  std::set<uint32_t> steps() const {
    std::set<uint32_t> steps;
    for (const auto& node : nodes) {
      if (!node->runs) continue;
      for (const auto& link : node->owned) steps.insert(link->step);
    }
    return steps;
  }

  Instant now{};
  Random random{7};
  std::vector<std::unique_ptr<Node>> nodes;
};

using Steps = std::set<uint32_t>;

// Whatever peers say and whenever the thread runs: changes are at beginnings of epochs, told ahead, and no
// more of them than a day has. `say`: what else a message may hold; `happen`: what else does, in each round.
inline void keeps_the_budget(const ladder::Settings& settings, Random& random,
                             const std::function<void(wire::LadderMessage&)>& say,
                             const std::function<void(Link&)>& happen) {
  Node node(settings, 5, kBegin_ns);
  node.owned.push_back(std::make_unique<Link>());
  Link& link = *node.owned.back();
  link.step = node.control.told_step();
  Instant now{};
  link.told_at = &now;
  for (int i = 0; i < 3000; ++i) {
    now = now + milliseconds(static_cast<int64_t>(random.chance(0.01) ? random.below(15'000) : 100));
    const auto epoch = static_cast<uint64_t>((kBegin_ns + now.ns) / kEpoch.ns);
    for (uint64_t n = random.below(3); n > 0; --n) {
      link.inbox.push_back({.kind = random.chance(0.5) ? wire::LadderKind::need : wire::LadderKind::said,
                            .step = static_cast<uint8_t>(random.below(5)),
                            .fingerprint = settings.fingerprint(),
                            .listens = random.chance(0.5),
                            .epoch = random.chance(0.1) ? random.next() : epoch + random.below(3),
                            .author = random.below(8)});
      say(link.inbox.back());
    }
    happen(link);
    node.control.handle_time(now, static_cast<uint64_t>(kBegin_ns + now.ns), node.links());
  }
  for (const auto& [change, when] : link.changes) {
    RC_ASSERT((kBegin_ns + change.at.ns) % kEpoch.ns == 0);
    RC_ASSERT(change.place_at >= when);
  }
  RC_ASSERT(link.changes.size() <= settings.shape().changes_per_day);
}

}  // namespace cuttle::ladder_group
