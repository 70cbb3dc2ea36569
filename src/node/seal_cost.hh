// What sealing a cell costs on this machine, measured once, at the agent's start: the pacer begins so long
// before a deadline, whatever the cells hold, and lanes with equal slots release about that far apart
// (engine/slot_groups.hh). So a link that comes while others carry payload measures nothing: how busy the
// machine is by then would show in its instants.
#pragma once

#include "base/time.hh"
#include "crypto/aead.hh"
#include "wire/cell.hh"

namespace cuttle {

class SealCost {
 public:
  // Takes some milliseconds at the most. Precondition: the backend is available.
  static SealCost measure(AeadBackend backend);
  constexpr SealCost(Duration smallest, Duration largest) : smallest_(smallest), largest_(largest) {}

  Duration of(const wire::CellFormat& format) const;

 private:
  // A cell of the smallest and of the largest format; others are between.
  Duration smallest_;
  Duration largest_;
};

}  // namespace cuttle
