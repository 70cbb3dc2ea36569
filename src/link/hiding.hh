// How safe a link is: whether what the draws of its schedule vary hides what the host's lateness varies.
// Derived in docs/timing.md, "How safe am I?", and held against the audit there.
//
// The gap between two releases varies by the draws, with a variance v, and by the lateness, with twice its
// variance s^2. An attacker who measures the variance of n gaps meets a chance fluctuation of it,
// proportional to v / sqrt(n). So the most that lateness can shift it, from none to all, is d = f s^2 / w^2
// sqrt(n) of these fluctuations, w being the width of the draw for each release, and who decides by that is
// right with probability Phi(d / 2). The factor f is smaller the more the draws vary: 10 with one release a
// slot, 4.7 with two, 5.5 with more. Where lanes take turns (turn_sequence.hh) the gaps are those between all
// their releases, and f is 5.5 as well (spread.hh).
#pragma once

#include <string_view>

#include "link/schedule.hh"

namespace cuttle {

struct Hiding {
  // Of an attacker who measures for a second: 0.5 is chance.
  double accuracy = 1;
  // Whether trains are cut into datagrams by this machine's CPUs, or are several calls, one behind the other:
  // the CPUs' speed shows in between to whoever sits behind a fast port.
  bool shows_cpu = false;

  static constexpr double kHidden = 0.55;

  std::string_view word() const {
    if (accuracy > kHidden) return "tells";
    return shows_cpu ? "tells behind fast ports" : "hidden";
  }
};

// `deviation`: the standard deviation of the releases' lateness on the wire.
Hiding judge_hiding(const SlotPlan& plan, Duration deviation, bool cut_by_cpu);
// Between releases of all lanes that are drawn together.
Duration mean_gap(const SlotPlan& plan);
// The largest deviation that this shape hides.
Duration max_hidden_deviation(const SlotPlan& plan);

}  // namespace cuttle
