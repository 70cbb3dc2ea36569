#include "report/demo/observation.hh"

#include <fmt/format.h>

#include <algorithm>

#include "capture/capture_file.hh"
#include "capture/trains.hh"

namespace cuttle::report {

namespace {

constexpr size_t kForeignExamples = 5;

void count(ClassTotals& totals, uint32_t ip_bytes) {
  ++totals.packets;
  totals.bytes += ip_bytes;
  totals.sizes.insert(ip_bytes);
}

class Observer {
 public:
  Observer(const capture::NodeList& nodes, const capture::CellShape& shape, Observation& seen)
      : nodes_(nodes), shape_(shape), seen_(seen) {
    for (size_t from = 0; from < nodes.size(); ++from) {
      for (size_t to = 0; to < nodes.size(); ++to) {
        if (from == to) continue;
        link_at_[{from, to}] = seen.links.size();
        seen.links.push_back({nodes.at(from).name, nodes.at(to).name, {}, {}, {}, 0});
      }
    }
  }

  void take(const capture::PacketRecord& record, Instant capture_start) {
    const auto ends = nodes_.link_of(record);
    if (!ends) return;
    const capture::Span* span = capture::find_span(seen_.spans, record.time);
    const bool idle = span != nullptr && span->label == kIdleClass;
    seen_.sizes.insert(record.ip_bytes);
    if (span != nullptr) count(idle ? seen_.idle : seen_.busy, record.ip_bytes);
    LinkObservation& link = seen_.links[link_at_[*ends]];
    if (shape_.is_on_port(record)) {
      link.datagram_sizes.insert(record.udp_payload_bytes);
      if (span != nullptr) count(idle ? link.idle : link.busy, record.ip_bytes);
    }
    if (!shape_.is_cell(record)) note_foreign(record, capture_start);
    note_bin(record, capture_start);
  }

 private:
  void note_foreign(const capture::PacketRecord& record, Instant capture_start) {
    ++seen_.foreign_packets;
    if (seen_.foreign_examples.size() >= kForeignExamples) return;
    const double at = static_cast<double>((record.time - capture_start).ns) * 1e-9;
    seen_.foreign_examples.push_back(fmt::format("{} at {:.3f} s", describe(record), at));
  }

  void note_bin(const capture::PacketRecord& record, Instant capture_start) {
    const int64_t after = std::max<int64_t>(0, (record.time - capture_start).ns);
    const auto bin = static_cast<size_t>(after / Observation::kBin.ns);
    if (bin >= seen_.bins.size()) seen_.bins.resize(bin + 1);
    ++seen_.bins[bin].packets;
    seen_.bins[bin].bytes += record.ip_bytes;
    seen_.size_marks.insert({bin, record.ip_bytes});
  }

  const capture::NodeList& nodes_;
  const capture::CellShape& shape_;
  Observation& seen_;
  std::map<capture::LinkEnds, size_t> link_at_;
};

void add_durations(Observation& seen) {
  for (const capture::Span& span : seen.spans) {
    const double seconds = static_cast<double>(span.length().ns) * 1e-9;
    const bool idle = span.label == kIdleClass;
    (idle ? seen.idle : seen.busy).seconds += seconds;
    for (LinkObservation& link : seen.links) (idle ? link.idle : link.busy).seconds += seconds;
  }
}

Result<void> check_interface(const capture::PacketSource& source, const std::string& path,
                             const capture::NodeList& nodes, capture::LinkEnds ends,
                             const capture::PacketRecord& record,
                             std::map<capture::LinkEnds, uint32_t>& interfaces) {
  const auto [at, is_new] = interfaces.try_emplace(ends, record.interface);
  if (is_new || at->second == record.interface) return {};
  return failure(capture::two_interfaces_text(path, nodes.link_name(ends), source.interface_name(at->second),
                                              source.interface_name(record.interface)));
}

}  // namespace

Result<Observation> observe(const std::string& capture_path, const std::string& spans_path,
                            const capture::NodeList& nodes, const capture::CellShape& shape) {
  Observation seen;
  auto spans = capture::read_spans(spans_path);
  if (!spans) return tl::unexpected(spans.error());
  seen.spans = std::move(*spans);
  for (const bool idle : {true, false}) {
    const bool there = std::any_of(seen.spans.begin(), seen.spans.end(), [&](const capture::Span& span) {
      return (span.label == kIdleClass) == idle;
    });
    if (!there) {
      return failure(fmt::format("{}: no span of class `{}`{}; both idleness and load are needed", spans_path,
                                 idle ? kIdleClass : "busy", idle ? "" : " (or any other than idle)"));
    }
  }

  auto file = capture::CaptureFile::open(capture_path);
  if (!file) return tl::unexpected(file.error());
  capture::TrainCutter source(std::move(*file), shape, nodes);
  Observer observer(nodes, shape, seen);
  std::map<capture::LinkEnds, uint32_t> interfaces;
  capture::PacketRecord record;
  while (true) {
    const auto more = source.next(record);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    const auto ends = nodes.link_of(record);
    const auto one_interface =
        ends ? check_interface(source, capture_path, nodes, *ends, record, interfaces) : Result<void>{};
    if (!one_interface) return tl::unexpected(one_interface.error());
    observer.take(record, source.counts().first);
  }
  if (seen.bins.empty()) {
    return failure(
        fmt::format("{}: of {} packets none is between the nodes {}; check --nodes and where the "
                    "capture was taken",
                    capture_path, source.counts().packets, nodes.addresses_text()));
  }
  const auto copies = capture::check_copies(source.counts(), capture_path);
  if (!copies) return tl::unexpected(copies.error());
  const auto even = source.check_even(capture_path);
  if (!even) return tl::unexpected(even.error());
  seen.whole_trains = source.trains().whole;
  seen.max_cells = source.trains().max_cells;
  seen.first = source.counts().first;
  seen.last = source.counts().last;
  const auto inside = capture::check_spans_inside(seen.spans, spans_path, seen.first, seen.last);
  if (!inside) return tl::unexpected(inside.error());
  add_durations(seen);
  return seen;
}

Result<void> add_cut_tap(const std::string& capture_path, const capture::NodeList& nodes,
                         const capture::CellShape& shape, Observation& seen) {
  auto file = capture::CaptureFile::open(capture_path);
  if (!file) return tl::unexpected(file.error());
  seen.has_cut_tap = true;
  capture::PacketRecord record;
  while (true) {
    const auto more = (*file)->next(record);
    if (!more) return tl::unexpected(more.error());
    if (!*more) return {};
    const auto ends = nodes.link_of(record);
    if (!ends) continue;
    seen.sizes.insert(record.ip_bytes);
    if (!shape.is_on_port(record)) continue;
    const capture::Span* span = capture::find_span(seen.spans, record.time);
    if (span != nullptr) (span->label == kIdleClass ? seen.idle : seen.busy).sizes.insert(record.ip_bytes);
    const auto link = std::find_if(seen.links.begin(), seen.links.end(), [&](const LinkObservation& one) {
      return one.from == nodes.at(ends->from).name && one.to == nodes.at(ends->to).name;
    });
    link->datagram_sizes.insert(record.udp_payload_bytes);
    if (span != nullptr) ++link->cut_datagrams;
  }
}

}  // namespace cuttle::report
