// The first reading of a capture: the plain checks, which need no statistics, and the structure of the slots.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "audit/progress.hh"
#include "audit/reading.hh"
#include "audit/slot_structure.hh"
#include "base/result.hh"
#include "capture/nodes.hh"
#include "capture/spans.hh"

namespace cuttle::audit {

struct SequenceCheck {
  uint64_t sessions = 0;  // security parameters indexes seen
  uint64_t cells = 0;
  uint64_t missing = 0;   // numbers left out
  uint64_t repeated = 0;  // numbers not above the one before: duplicates and late ones
};

struct LinkSurvey {
  capture::LinkEnds ends;
  size_t input = 0;  // the capture it was seen in
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t cells = 0;
  std::map<uint32_t, uint64_t> ip_sizes;
  std::map<uint32_t, uint64_t> datagram_sizes;  // UDP payload, on the cells' port
  SequenceCheck sequence;
  SlotStructure slots;
  uint32_t usual_bytes = 0;             // the most common IP size
  std::vector<uint32_t> packets_a_bin;  // over time, for plots
};

struct Survey {
  static constexpr Duration kBin = seconds(1);
  Instant first;
  Instant last;
  uint64_t packets = 0;           // of any kind
  std::vector<LinkSurvey> links;  // sorted by their ends; only those with packets
  uint64_t foreign_packets = 0;   // IP packets between the nodes that are no cells
  std::vector<std::string> foreign_examples;
  uint64_t whole_trains = 0;  // records of more than one cell; they count as these
  uint32_t max_cells = 1;     // of a record
};

// Errors: unreadable or cut-off captures, none of the nodes in them, a link in two captures, spans outside,
// records that are no whole number of cells.
Result<Survey> survey(const std::vector<CaptureInput>& inputs, const ReadOptions& options,
                      const std::vector<capture::Span>& spans, const std::string& spans_path,
                      Progress& progress);

}  // namespace cuttle::audit
