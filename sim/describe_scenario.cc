// What a run is, in one line, for whoever has to find out why it failed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario.hh"

namespace cuttle::sim {

const char* family_name(Family family) {
  switch (family) {
    case Family::two_nodes:
      return "two";
    case Family::network:
      return "network";
    case Family::pairs:
      return "pairs";
    case Family::reactions:
      return "reactions";
    case Family::calendar:
      return "calendar";
    case Family::ladder:
      return "ladder";
    case Family::relay:
      return "relay";
    case Family::yielding:
      return "yielding";
  }
  return "?";
}

std::string Scenario::describe() const {
  std::string text = fmt::format(
      "family {} seed {}: {} nodes, {} lanes a link, cells of {} bytes, {} b/s in slots of {} us, jitter {} "
      "%{}, delay {} us, "
      "loss {:.3f}, duplication {:.3f}, reordering {:.3f} by {} us, corruption {:.3f}, replay {:.3f}, "
      "strangers "
      "{:.2f}/ms, their initiations {:.2f}/ms, {} flows, faults until {:.3f} s, end {:.3f} s",
      family_name(family), seed, nodes, lanes, shape.cell_bytes, shape.rate_bps, shape.slot.ns / 1000,
      shape.jitter_percent, shape.scatter ? ", scattered" : "", delay.ns / 1000, faults.loss,
      faults.duplication, faults.reordering, faults.reorder_by.ns / 1000, faults.corruption, faults.replay,
      faults.unknown_sources_per_ms, faults.initiations_per_ms, flows,
      static_cast<double>(faults_stop.ns) * 1e-9, static_cast<double>(end.ns) * 1e-9);
  for (const Cut& cut : cuts) {
    text += fmt::format("; {} and {} cut from {:.3f} to {:.3f} s", cut.a, cut.b,
                        static_cast<double>(cut.from.ns) * 1e-9, static_cast<double>(cut.until.ns) * 1e-9);
  }
  for (const Hold& hold : holds) {
    text += fmt::format("; from {} to {} all takes {} ms longer until {:.3f} s", hold.a, hold.b,
                        hold.by.ns / 1'000'000, static_cast<double>(hold.until.ns) * 1e-9);
  }
  for (const Crash& crash : crashes) {
    text +=
        fmt::format("; {} down from {:.3f} to {:.3f} s", crash.node, static_cast<double>(crash.at.ns) * 1e-9,
                    static_cast<double>(crash.back_at.ns) * 1e-9);
  }
  for (const ClockJump& jump : clock_jumps) {
    text += fmt::format("; {}'s wall clock jumps by {} s at {:.3f} s", jump.node, jump.by.ns / 1'000'000'000,
                        static_cast<double>(jump.at.ns) * 1e-9);
  }
  for (const ThreadPause& pause : pauses) {
    text += fmt::format("; {}'s {} pauses for {} us at {:.3f} s", pause.node, thread_name(pause.thread),
                        pause.length.ns / 1000, static_cast<double>(pause.at.ns) * 1e-9);
  }
  for (const KeyChange& change : key_changes) {
    text += fmt::format("; {} changes its key from {:.3f} s on, in steps of {} ms", change.node,
                        static_cast<double>(change.at.ns) * 1e-9, change.apart.ns / 1'000'000);
  }
  for (const QueueReset& reset : queue_resets) {
    text +=
        fmt::format("; {}'s queue is reset at {:.3f} s", reset.node, static_cast<double>(reset.at.ns) * 1e-9);
  }
  for (const Ends& ends : not_at_first)
    text += fmt::format("; no link of {} and {} at first", ends.a, ends.b);
  for (const Reload& reload : reloads) {
    text += fmt::format("; {} is reloaded at {:.3f} s, without {}, with {}", reload.node,
                        static_cast<double>(reload.at.ns) * 1e-9,
                        reload.leaving.empty() ? "none" : fmt::format("{}", fmt::join(reload.leaving, ",")),
                        reload.coming.empty() ? "none" : fmt::format("{}", fmt::join(reload.coming, ",")));
  }
  if (other_rate_bps != 0) {
    text += fmt::format("; by the {}, also {} b/s", family_name(family), other_rate_bps);
  }
  text += fmt::format("; queues keep time at {}, that read instants at {}", fmt::join(by_queue, ","),
                      fmt::join(by_instants, ","));
  if (!without.empty()) text += fmt::format("; without {}", fmt::join(without, ","));
  return text;
}

}  // namespace cuttle::sim
