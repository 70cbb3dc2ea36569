// What an observer on the fabric saw in one capture, idle and busy.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hh"
#include "capture/nodes.hh"
#include "capture/spans.hh"

namespace cuttle::report {

// Counts inside the spans of one class only, so that their edges do not blur the rates.
struct ClassTotals {
  double seconds = 0;
  uint64_t packets = 0;
  uint64_t bytes = 0;        // of IP
  std::set<uint32_t> sizes;  // of IP packets

  double packets_per_second() const { return seconds > 0 ? static_cast<double>(packets) / seconds : 0; }
  double bytes_per_second() const { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }
};

// One directed link: the UDP datagrams from and to the cells' port.
struct LinkObservation {
  std::string from;
  std::string to;
  std::set<uint32_t> datagram_sizes;  // UDP payload, over the whole capture
  ClassTotals idle;
  ClassTotals busy;
  uint64_t cut_datagrams = 0;  // inside the spans, at the tap behind a device that cuts
};

// Trains that were captured whole count as the datagrams they are on the wire.
struct Observation {
  std::vector<capture::Span> spans;
  Instant first;  // of the capture
  Instant last;
  // All IP packets between the nodes, cells or not.
  ClassTotals idle;
  ClassTotals busy;
  std::set<uint32_t> sizes;            // over the whole capture
  std::vector<LinkObservation> links;  // every ordered pair of nodes
  uint64_t foreign_packets = 0;        // over the whole capture: between the nodes, but no cells
  std::vector<std::string> foreign_examples;
  uint64_t whole_trains = 0;  // records of more than one cell
  uint32_t max_cells = 1;     // of a record
  bool has_cut_tap = false;

  // Over time, in bins of kBin from `first`: for the plots.
  static constexpr Duration kBin = milliseconds(100);
  struct Bin {
    uint64_t packets = 0;
    uint64_t bytes = 0;
  };
  std::vector<Bin> bins;
  std::set<std::pair<size_t, uint32_t>> size_marks;  // (bin, IP size) that occurred
};

inline constexpr const char* kIdleClass = "idle";  // every other class of the spans counts as busy

// Errors: unreadable or cut-off files, spans outside the capture, no idle or no busy span, no packet between
// nodes, records that are no whole number of cells.
Result<Observation> observe(const std::string& capture_path, const std::string& spans_path,
                            const capture::NodeList& nodes, const capture::CellShape& shape);

// Adds what a tap behind a device that has to cut trains saw at the same time: every record there is one
// datagram, so its sizes are those on the wire. Errors: an unreadable or cut-off file.
Result<void> add_cut_tap(const std::string& capture_path, const capture::NodeList& nodes,
                         const capture::CellShape& shape, Observation& seen);

}  // namespace cuttle::report
