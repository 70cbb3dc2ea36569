// Reading captures from one end to the other, as an observer behind a port sees them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/port_model.hh"
#include "audit/progress.hh"
#include "base/result.hh"
#include "capture/nodes.hh"
#include "capture/packet_source.hh"
#include "capture/trains.hh"

namespace cuttle::audit {

// A capture that can be read more than once.
struct CaptureInput {
  std::string name;  // for messages
  std::function<Result<std::unique_ptr<capture::PacketSource>>()> open;
};
CaptureInput capture_file_input(const std::string& path);

// What is asked of every reading.
struct ReadOptions {
  const capture::NodeList* nodes;
  capture::CellShape shape;
  LineRate line_rate;
};

// One reading of a capture as the observer asked for sees it: trains as the cells they are, behind a port.
// `trains` belongs to `source`.
struct Reading {
  std::unique_ptr<capture::PacketSource> source;
  const capture::TrainCutter* trains;
};
Result<Reading> open_reading(const CaptureInput& input, const ReadOptions& options);

// Reads all captures in turn, each record by `take(record, input, source)`, each capture's end by
// `end(reading, input)`; `progress` is told of it.
using TakeRecord =
    std::function<Result<void>(const capture::PacketRecord&, size_t input, const capture::PacketSource&)>;
using EndReading = std::function<Result<void>(const Reading&, size_t input)>;
Result<void> read_all(const std::vector<CaptureInput>& inputs, const ReadOptions& options, Progress& progress,
                      const TakeRecord& take, const EndReading& end = {});

}  // namespace cuttle::audit
