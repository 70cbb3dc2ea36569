// What a sender's schedule had drawn: for an attacker that is handed the draws. CSV with a header line:
//
//   link,release_ns,cells
//   mon -> osd0,1700000000000123456,17
//
// `release_ns` is the instant that was drawn, on the clock of the capture's stamps or at an offset from it
// that does not change; it must be in order for each link. Where a file is given as NODE=FILE, `link` may be
// the receiver's name alone.
#pragma once

#include <string>
#include <vector>

#include "audit/releases.hh"
#include "base/result.hh"
#include "capture/nodes.hh"

namespace cuttle::audit {

struct ScheduledLink {
  capture::LinkEnds ends;
  Releases drawn;
};

// Errors name the file and the line: fields that are missing or no numbers, names of no node, times that run
// backwards. A link may be in one file only.
Result<std::vector<ScheduledLink>> read_schedules(const std::vector<std::string>& files,
                                                  const capture::NodeList& nodes);

std::string schedules_text(const std::vector<ScheduledLink>& links, const capture::NodeList& nodes);

// Releases of one window with the draw that each is matched to; those without one are left out.
struct Lateness {
  Releases releases;
  std::vector<double> late_ns;  // release - draw, the link's median over all windows taken out
};

// Matches a link's releases with its draws, window by window, by the pattern of gaps and lengths; the offset
// of the clocks is found so. An error says in one line that they do not fit each other. `name`: for that
// line.
Result<std::vector<Lateness>> match_draws(const std::vector<Releases>& windows, const Releases& drawn,
                                          const std::string& name);

}  // namespace cuttle::audit
