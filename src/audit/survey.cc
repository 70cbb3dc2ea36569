#include "audit/survey.hh"

#include <fmt/format.h>

#include <algorithm>

#include "capture/capture_file.hh"
#include "capture/spool.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kSlotSample = 200'000;  // packets of a link that the slot structure is estimated from
constexpr size_t kForeignExamples = 5;
constexpr uint64_t kProgressEvery = 100'000;

struct LinkState {
  LinkSurvey seen;
  uint32_t interface = 0;  // as the capture numbers them
  std::vector<int64_t> sample_ns;
  std::map<uint32_t, uint32_t> last_sequence;  // by SPI
};

class Surveyor {
 public:
  Surveyor(const ReadOptions& options, const std::vector<capture::Span>& spans, Survey& result)
      : options_(options), spans_(spans), result_(result) {}

  Result<void> take(const capture::PacketRecord& record, size_t input,
                    const std::vector<CaptureInput>& inputs, const capture::PacketSource& source) {
    const auto ends = options_.nodes->link_of(record);
    if (!ends) return {};
    auto [at, is_new] = links_.try_emplace(*ends);
    LinkState& link = at->second;
    if (is_new) {
      link.seen.ends = *ends;
      link.seen.input = input;
      link.interface = record.interface;
    } else if (link.seen.input != input) {
      return failure(
          fmt::format("link {} is in both {} and {}; capture outgoing packets only (tcpdump -Q out)",
                      options_.nodes->link_name(*ends), inputs[link.seen.input].name, inputs[input].name));
    }
    if (link.interface != record.interface) {
      return failure(capture::two_interfaces_text(inputs[input].name, options_.nodes->link_name(*ends),
                                                  source.interface_name(link.interface),
                                                  source.interface_name(record.interface)));
    }
    count(link, record);
    return {};
  }

  void finish() {
    for (auto& [ends, link] : links_) {
      std::sort(link.sample_ns.begin(), link.sample_ns.end());
      link.seen.slots = estimate_slots(link.sample_ns);
      link.seen.sequence.sessions = link.last_sequence.size();
      uint64_t max = 0;
      for (const auto& [bytes, number] : link.seen.ip_sizes) {
        if (number > max) max = number, link.seen.usual_bytes = bytes;
      }
      result_.links.push_back(std::move(link.seen));
    }
  }

 private:
  void count(LinkState& link, const capture::PacketRecord& record) {
    LinkSurvey& seen = link.seen;
    ++seen.packets;
    seen.bytes += record.ip_bytes;
    ++seen.ip_sizes[record.ip_bytes];
    if (options_.shape.is_on_port(record)) ++seen.datagram_sizes[record.udp_payload_bytes];
    if (options_.shape.is_cell(record)) {
      ++seen.cells;
      if (record.esp) follow_sequence(link, *record.esp);
    } else {
      ++result_.foreign_packets;
      if (result_.foreign_examples.size() < kForeignExamples) {
        const double at = static_cast<double>((record.time - origin()).ns) * 1e-9;
        result_.foreign_examples.push_back(fmt::format("{} at {:.3f} s", describe(record), at));
      }
    }
    if (link.sample_ns.size() < kSlotSample && find_span(spans_, record.time) != nullptr) {
      link.sample_ns.push_back(record.time.ns);
    }
    const int64_t after = (record.time - origin()).ns;
    if (after < 0 || record.time >= spans_.back().end) return;
    const auto bin = static_cast<size_t>(after / Survey::kBin.ns);
    if (bin >= seen.packets_a_bin.size()) seen.packets_a_bin.resize(bin + 1);
    ++seen.packets_a_bin[bin];
  }

  static void follow_sequence(LinkState& link, const capture::EspHeader& esp) {
    SequenceCheck& check = link.seen.sequence;
    ++check.cells;
    auto [at, first_of_session] = link.last_sequence.try_emplace(esp.spi.value, esp.sequence.value);
    if (first_of_session) return;
    if (esp.sequence.value <= at->second) {
      ++check.repeated;
      return;
    }
    check.missing += esp.sequence.value - at->second - 1;
    at->second = esp.sequence.value;
  }

  Instant origin() const { return spans_.front().start; }

  const ReadOptions& options_;
  const std::vector<capture::Span>& spans_;
  Survey& result_;
  std::map<capture::LinkEnds, LinkState> links_;
};

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

Result<Survey> survey(const std::vector<CaptureInput>& inputs, const ReadOptions& options,
                      const std::vector<capture::Span>& spans, const std::string& spans_path,
                      Progress& progress) {
  Survey result;
  Surveyor surveyor(options, spans, result);
  progress.begin("first reading: sizes, sequences, slots");
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto reading = open_reading(inputs[i], options);
    if (!reading) return tl::unexpected(reading.error());
    const auto& source = reading->source;
    capture::PacketRecord record;
    while (true) {
      const auto more = source->next(record);
      if (!more) return tl::unexpected(more.error());
      if (!*more) break;
      const auto taken = surveyor.take(record, i, inputs, *source);
      if (!taken) return tl::unexpected(taken.error());
      if (source->counts().packets % kProgressEvery == 0) {
        progress.at((static_cast<double>(i) + source->fraction_read()) / static_cast<double>(inputs.size()));
      }
    }
    const capture::SourceCounts& counts = source->counts();
    if (counts.packets == 0) return failure(fmt::format("{}: the capture is empty", inputs[i].name));
    const auto even = reading->trains->check_even(inputs[i].name);
    if (!even) return tl::unexpected(even.error());
    const auto copies = capture::check_copies(counts, inputs[i].name);
    if (!copies) return tl::unexpected(copies.error());
    result.whole_trains += reading->trains->trains().whole;
    result.max_cells = std::max(result.max_cells, reading->trains->trains().max_cells);
    const auto inside = check_spans_inside(spans, spans_path, counts.first, counts.last);
    if (!inside) return tl::unexpected(inside.error());
    if (result.packets == 0 || counts.first < result.first) result.first = counts.first;
    if (result.packets == 0 || counts.last > result.last) result.last = counts.last;
    result.packets += counts.packets;
  }
  surveyor.finish();
  if (result.links.empty()) {
    return failure(
        fmt::format("of {} packets none is between the nodes {}; check --nodes and where the capture was "
                    "taken",
                    result.packets, options.nodes->addresses_text()));
  }
  progress.finish();
  return result;
}

}  // namespace cuttle::audit
