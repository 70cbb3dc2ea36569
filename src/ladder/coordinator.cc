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
  if (need.from >= heard_.size() || need.step >= shape_.rates) return;
  Heard& heard = heard_[need.from];
  if (need.epoch < heard.epoch) return;
  const bool is_again = need.epoch == heard.epoch;
  heard = {need.epoch, is_again ? std::max(heard.step, need.step) : need.step};
}

bool Coordinator::is_there(NodeNumber node, Epoch coming) const {
  return node == own_ || (heard_[node].epoch != 0 && heard_[node].epoch + kGoneAfter > coming);
}

NodeNumber Coordinator::coordinator(Epoch coming) const {
  NodeNumber node = 0;
  while (!is_there(node, coming)) ++node;
  return node;
}

std::optional<Said> Coordinator::poll_said(const StepKeeper& keeper, Epoch coming) {
  uint32_t needed = 0;
  for (NodeNumber node = 0; node < heard_.size(); ++node) {
    if (is_there(node, coming)) needed = std::max(needed, heard_[node].step);
  }
  // Every node counts, so that whoever takes over has the patience of the one before.
  if (needed >= keeper.step()) {
    lower_since_ = highest_lower_ = 0;
  } else {
    ++lower_since_;
    highest_lower_ = std::max(highest_lower_, needed);
  }
  if (coordinator(coming) != own_) return std::nullopt;
  uint32_t step = std::max(needed, keeper.step());
  if (lower_since_ >= going_down_epochs_) {
    step = highest_lower_;
  }
  return Said{own_, coming, step};
}

}  // namespace cuttle::ladder
