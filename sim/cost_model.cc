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
    case Mutant::idle_slots_skipped:
      return "idle-slots-skipped";
    case Mutant::wait_for_packer:
      return "wait-for-packer";
    case Mutant::queue_runs_empty_under_load:
      return "queue-runs-empty-under-load";
    case Mutant::idle_slots_not_caught_up:
      return "idle-slots-not-caught-up";
    case Mutant::answer_at_once:
      return "answer-at-once";
    case Mutant::keys_at_once:
      return "keys-at-once";
    case Mutant::stamped_when_read:
      return "stamped-when-read";
    case Mutant::rate_follows_load:
      return "rate-follows-load";
  }
  return "?";
}

}  // namespace cuttle::sim
