#include "sim/cost_model.hh"

namespace cuttle::sim {

const char* mutant_name(Mutant mutant) {
  switch (mutant) {
    case Mutant::none:
      return "none";
    case Mutant::pack_on_pacer:
      return "pack-on-pacer";
    case Mutant::data_is_dear:
      return "data-is-dear";
    case Mutant::wait_for_packer:
      return "wait-for-packer";
    case Mutant::stamped_when_read:
      return "stamped-when-read";
    case Mutant::steps_by_need:
      return "steps-by-need";
  }
  return "?";
}

}  // namespace cuttle::sim
