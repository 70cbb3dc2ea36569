#include "ladder/coordinator.hh"

#include <algorithm>

namespace cuttle::ladder {

uint32_t step_for(std::span<const uint64_t> rates_bps, double needed_bps) {
  const auto found =
      std::ranges::find_if(rates_bps, [&](uint64_t rate) { return static_cast<double>(rate) >= needed_bps; });
  const auto place = static_cast<uint32_t>(found - rates_bps.begin());
  return std::min(place, static_cast<uint32_t>(rates_bps.size()) - 1);
}

void Coordinator::handle_need(const Need& need) {
  if (need.step >= shape_.rates) return;
  auto found = heard_.find(need.from);
  if (found == heard_.end()) {
    std::erase_if(heard_, [&](const auto& one) { return !is_there(one.first, one.second, need.epoch); });
    if (need.from != own_ && heard_.size() + (heard_.contains(own_) ? 0 : 1) >= nodes_) return;
    found = heard_.emplace(need.from, Heard{}).first;
  }
  Heard& heard = found->second;
  if (need.epoch < heard.epoch) return;
  const bool is_again = need.epoch == heard.epoch;
  heard = {need.epoch, is_again ? std::max(heard.step, need.step) : need.step, need.listens,
           is_again ? std::min(heard.ceiling, need.ceiling) : need.ceiling};
}

void Coordinator::handle_number(NodeNumber before, NodeNumber now) {
  if (before == own_) own_ = now;
  auto node = heard_.extract(before);
  if (node.empty()) return;
  node.key() = now;
  heard_.insert(std::move(node));
}

std::optional<NodeNumber> Coordinator::coordinator(Epoch coming) const {
  const auto own = heard_.find(own_);
  const bool own_listens = own != heard_.end() && own->second.listens;
  std::optional<NodeNumber> lowest = own_listens ? std::nullopt : std::optional(own_);
  for (const auto& [node, heard] : heard_) {
    if (heard.listens || !is_there(node, heard, coming)) continue;
    lowest = std::min(lowest.value_or(node), node);
  }
  return lowest;
}

std::optional<Said> Coordinator::poll_said(const StepKeeper& keeper, Epoch coming) {
  uint32_t needed = 0;
  uint32_t ceiling = UINT32_MAX;
  for (const auto& [node, heard] : heard_) {
    if (!is_there(node, heard, coming)) continue;
    needed = std::max(needed, heard.step);
    ceiling = std::min(ceiling, heard.ceiling);
  }
  // Every node counts, so that whoever takes over has the patience of the one before. What was lower than
  // another step says nothing of this one.
  const uint32_t now = keeper.agreed();
  if (needed >= now || counted_at_ != now) lower_since_ = highest_lower_ = 0;
  counted_at_ = now;
  if (needed < now) {
    ++lower_since_;
    highest_lower_ = std::max(highest_lower_, needed);
  }
  if (coordinator(coming) != own_) return std::nullopt;
  uint32_t step = std::max(needed, now);
  if (lower_since_ >= going_down_epochs_) step = highest_lower_;
  return Said{own_, coming, std::min(step, ceiling)};
}

}  // namespace cuttle::ladder
