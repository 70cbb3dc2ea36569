#include "audit/survey.hh"

#include <fmt/format.h>

#include <algorithm>

#include "capture/capture_file.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kSlotSample = 200'000;  // packets of a link that the slot structure is estimated from
constexpr size_t kForeignExamples = 5;

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

Result<Survey> survey(const std::vector<CaptureInput>& inputs, const ReadOptions& options,
                      const std::vector<capture::Span>& spans, const std::string& spans_path,
                      Progress& progress) {
  Survey result;
  Surveyor surveyor(options, spans, result);
  progress.begin("first reading: sizes, sequences, slots");
  const auto take = [&](const capture::PacketRecord& record, size_t input,
                        const capture::PacketSource& source) {
    return surveyor.take(record, input, inputs, source);
  };
  const auto end = [&](const Reading& reading, size_t input) -> Result<void> {
    const capture::SourceCounts& counts = reading.source->counts();
    if (counts.packets == 0) return failure(fmt::format("{}: the capture is empty", inputs[input].name));
    const auto even = reading.trains->check_even(inputs[input].name);
    if (!even) return even;
    const auto copies = capture::check_copies(counts, inputs[input].name);
    if (!copies) return copies;
    result.whole_trains += reading.trains->trains().whole;
    result.max_cells = std::max(result.max_cells, reading.trains->trains().max_cells);
    const auto inside = check_spans_inside(spans, spans_path, counts.first, counts.last);
    if (!inside) return inside;
    if (result.packets == 0 || counts.first < result.first) result.first = counts.first;
    if (result.packets == 0 || counts.last > result.last) result.last = counts.last;
    result.packets += counts.packets;
    return {};
  };
  const auto read = read_all(inputs, options, progress, take, end);
  if (!read) return tl::unexpected(read.error());
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
