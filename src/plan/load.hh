// The load that is to go through a link: when packets of which size come to it. From a capture, from a
// Prometheus range export, or made from a few figures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle::plan {

struct Arrival {
  Instant at;
  uint32_t bytes;     // of the IP packet
  uint32_t flow = 0;  // packets of one connection have the same number
};

// Of an export: what came from one sample to the next.
struct LoadStep {
  double at_s;  // since 1970
  double length_s;
  uint64_t bytes;
  double mean_bps() const { return static_cast<double>(bytes) * 8 / length_s; }
};

// One direction of one link.
struct LinkLoad {
  std::string name;               // "10.77.0.10 to 10.77.0.11"
  std::vector<Arrival> arrivals;  // in the order of time; the first at 0 or later
  Duration span;                  // that they stand for
  uint64_t bytes = 0;  // of all that was seen, also where `arrivals` is only the busiest part of it
  Duration seen;       // the time of that
  std::string note;    // what has to be known about how it came about; may be empty
  bool is_v6 = false;
  std::vector<LoadStep> steps{};  // all that was seen, where the time of day is known

  uint64_t mean_bps() const;
  // The highest rate over any stretch of this length.
  uint64_t peak_bps(Duration over) const;
};

// Every direction between two addresses in a capture; with `between`, these two alone. The load with the most
// bytes comes first. Cells and other traffic of links are left out. Fails when there is none.
struct Between {
  IpAddress a;
  IpAddress b;
};
Result<std::vector<LinkLoad>> loads_of_capture(const std::string& file, const std::vector<Between>& between);

// The answer of Prometheus's query_range in JSON: each series is a counter of bytes (node_exporter's
// node_network_transmit_bytes_total, Ceph's op_in_bytes). Means over the export's steps hide bursts, so
// within a step packets come in bursts at `burst_bps`.
Result<std::vector<LinkLoad>> loads_of_prometheus(std::string_view json, uint64_t burst_bps);

struct Figures {
  uint64_t peak_bps = 0;
  uint64_t mean_bps = 0;
  Duration burst = milliseconds(100);  // mean length of a time at the peak
  Duration span = seconds(60);
};
// On and off: at the peak for exponentially distributed times, silent in between, seeded.
LinkLoad load_of_figures(const Figures& figures);

}  // namespace cuttle::plan
