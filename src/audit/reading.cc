#include "audit/reading.hh"

#include "capture/capture_file.hh"
#include "capture/spool.hh"

namespace cuttle::audit {

namespace {

constexpr uint64_t kProgressEvery = 100'000;

Result<void> read_one(const Reading& reading, size_t input, size_t inputs, Progress& progress,
                      const TakeRecord& take) {
  capture::PacketSource& source = *reading.source;
  capture::PacketRecord record;
  while (true) {
    const auto more = source.next(record);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    const auto taken = take(record, input, source);
    if (!taken) return taken;
    if (source.counts().packets % kProgressEvery == 0) {
      progress.at((static_cast<double>(input) + source.fraction_read()) / static_cast<double>(inputs));
    }
  }
}

}  // namespace

CaptureInput capture_file_input(const std::string& path) {
  // What comes through a pipe comes once, and is read twice: it is kept for that long, in a file without a
  // name.
  auto spool = std::make_shared<capture::Spool>(path);
  return {path == "-" ? "standard input" : path, [spool]() -> Result<std::unique_ptr<capture::PacketSource>> {
            const auto at = spool->path();
            if (!at) return tl::unexpected(at.error());
            capture::CaptureOptions options;
            options.called = spool->name();
            auto file = capture::CaptureFile::open(*at, options);
            if (!file) return tl::unexpected(file.error());
            return std::unique_ptr<capture::PacketSource>(std::move(*file));
          }};
}

Result<Reading> open_reading(const CaptureInput& input, const ReadOptions& options) {
  auto opened = input.open();
  if (!opened) return tl::unexpected(opened.error());
  auto cutter = std::make_unique<capture::TrainCutter>(std::move(*opened), options.shape, *options.nodes);
  const capture::TrainCutter* trains = cutter.get();
  return Reading{behind_port(std::move(cutter), options.line_rate), trains};
}

Result<void> read_all(const std::vector<CaptureInput>& inputs, const ReadOptions& options, Progress& progress,
                      const TakeRecord& take, const EndReading& end) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto reading = open_reading(inputs[i], options);
    if (!reading) return tl::unexpected(reading.error());
    const auto read = read_one(*reading, i, inputs.size(), progress, take);
    if (!read) return read;
    if (!end) continue;
    const auto ended = end(*reading, i);
    if (!ended) return ended;
  }
  return {};
}

}  // namespace cuttle::audit
