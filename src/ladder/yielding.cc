#include "ladder/yielding.hh"

#include <algorithm>
#include <utility>

namespace cuttle::ladder {

std::optional<uint16_t> share_lost(uint64_t came, uint64_t lost) {
  if (came == 0) return std::nullopt;
  if (lost < Yielding::kFewCells) return 0;
  return static_cast<uint16_t>(static_cast<unsigned __int128>(lost) * 65'535 / (came + lost));
}

void Yielding::handle_lost(uint32_t lost_65536ths, uint32_t step) {
  worst_ = std::max(worst_.value_or(0), lost_65536ths);
  if (lost_65536ths <= kTolerable_65536ths) return;
  const uint32_t below = std::max(step, 1U) - 1;
  if (below >= ceiling_) return;
  ceiling_ = below;
  ++counters_.falls;
  if (std::exchange(rose_, false)) patience_ = std::min(patience_ * 2, kMostQuietEpochs);
}

bool Yielding::handle_epoch(uint32_t step, bool can_fall) {
  if (!worst_) {
    ++counters_.unknown;
    return false;
  }
  const uint32_t worst = *std::exchange(worst_, std::nullopt);
  const bool is_stuck = step == 0 || !can_fall;
  excessive_ = worst > kExcessive_65536ths && is_stuck ? excessive_ + 1 : 0;
  if (worst <= kTolerable_65536ths) {
    handle_quiet();
  } else {
    quiet_ = 0;
  }
  if (excessive_ < kCutAfter) return false;
  excessive_ = 0;
  return true;
}

void Yielding::handle_quiet() {
  if (++quiet_ < patience_) return;
  quiet_ = 0;
  if (ceiling_ < top_) {
    ++ceiling_;
    ++counters_.rises;
    rose_ = true;
  } else {
    patience_ = kQuietEpochs;
    rose_ = false;
  }
}

}  // namespace cuttle::ladder
