// The grid that a shape implies, and how far each release lies from it. Whoever counts cells can tell when
// the next train was due: after a time that goes with the number of trains, the number of cells, or both. A
// draw that is visible in the trains' lengths is thereby taken out, and what remains is the host.
#pragma once

#include <vector>

#include "audit/releases.hh"

namespace cuttle::audit {

struct GridFit {
  double ns_a_train = 0;             // pace of the window: mean time from one train to the next
  double ns_a_cell = 0;              // the same a cell
  double ns_a_cell_more = 0;         // how much later the next train comes for each cell more in this one
  double ns_a_cell_own = 0;          // how much later a train comes for each cell more of its own
  std::vector<double> residuals_ns;  // of each release; empty where there are too few to fit
};

// Fits time = a + b * trains before + c * cells before + d * cells of its own over one window, so that single
// late releases have little weight (Huber's weights, iterated). What cannot be told apart is left at 0:
// trains of one length say nothing about cells.
GridFit fit_grid(const Releases& releases);

// Mean time from train to train and from cell to cell by a straight line through all releases, in order;
// 0 with fewer than three. For stretches longer than a window.
struct Pace {
  double ns_a_train = 0;
  double ns_a_cell = 0;
};
Pace pace_of(const std::vector<const Releases*>& consecutive);

}  // namespace cuttle::audit
