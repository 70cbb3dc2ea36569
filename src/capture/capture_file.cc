#include "capture/capture_file.hh"

#include <fmt/format.h>

#include <algorithm>

#include "base/fnv1a.hh"
#include "capture/copy_finder.hh"
#include "capture/parse_packet.hh"
#include "capture/record_reader.hh"

namespace cuttle::capture {

namespace {

// Numbers of interfaces that the file describes; those below are the kernel's own, as Linux cooked v2 has
// them.
constexpr uint32_t kDescribed = 0x8000'0000;
constexpr uint64_t kCopiesInAHundred = 1;

uint64_t direction_of(const PacketRecord& record) {
  Fnv1a hash;
  for (const IpAddress& end : {record.source, record.destination}) {
    for (const uint8_t byte : end.bytes) hash.add(byte);
  }
  return hash.value();
}

}  // namespace

struct CaptureFile::State {
  std::unique_ptr<RecordReader> reader;
  CaptureOptions options;
  std::string name;
  StampCheck stamps;
  CopyFinder copies;

  // Several descriptions of one name are one interface: captures of it that were joined.
  uint32_t described(uint32_t position) const {
    const auto& names = reader->interfaces();
    if (names.empty()) return 0;
    const auto first = names[position].empty() ? names.begin() + position
                                               : std::find(names.begin(), names.end(), names[position]);
    return kDescribed + static_cast<uint32_t>(first - names.begin());
  }

  bool is_copy(const RawRecord& raw, const PacketRecord& record) {
    const bool tells_no_interface = raw.layer == LinkLayer::linux_cooked && reader->interfaces().size() <= 1;
    if (!tells_no_interface && !options.leave_out_copies) return false;
    return copies.handle_packet(raw.time, record.interface, ip_of(raw.layer, raw.captured), record.ip_bytes);
  }
};

CaptureFile::CaptureFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
CaptureFile::~CaptureFile() = default;

Result<std::unique_ptr<CaptureFile>> CaptureFile::open(const std::string& path,
                                                       const CaptureOptions& options) {
  const std::string name = !options.called.empty() ? options.called : path == "-" ? "standard input" : path;
  auto bytes = CaptureBytes::open(path, name);
  if (!bytes) return tl::unexpected(bytes.error());
  auto reader =
      looks_like_pcapng((*bytes)->start()) ? open_pcapng(std::move(*bytes)) : open_pcap(std::move(*bytes));
  if (!reader) return failure(name + ": " + reader.error().message);
  auto state = std::make_unique<State>(
      State{std::move(*reader), options, name, StampCheck(options.disorder), CopyFinder{}});
  return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
}

Result<bool> CaptureFile::next(PacketRecord& record) {
  RawRecord raw;
  while (true) {
    const auto status = state_->reader->next(raw);
    const bool cut_off = status && *status == ReadStatus::cut_off;
    if (cut_off && state_->options.accept_cut_off && counts_.packets > 0) counts_.cut_off = true;
    if (status && (*status == ReadStatus::end || counts_.cut_off)) return false;
    if (!status || cut_off) {
      return failure(
          fmt::format("{}: the capture is cut off or damaged after {} whole packets ({}); stop tcpdump with "
                      "SIGINT so that it "
                      "finishes the file, and capture again",
                      state_->name, counts_.packets,
                      status ? "it ends in the middle of the next one" : status.error().message));
    }
    count_time(raw.time);
    const ParseStatus parsed = parse_frame(raw.layer, raw.captured, raw.wire_bytes, record);
    const auto stamp = state_->stamps.handle_stamp(counts_.packets, raw.time,
                                                   parsed == ParseStatus::ip ? direction_of(record) : 0);
    if (!stamp) return failure(state_->name + ": " + stamp.error().message);
    switch (parsed) {
      case ParseStatus::ip:
        ++counts_.ip;
        record.time = raw.time;
        record.interface &= ~kDescribed;  // whatever a strange file says
        if (record.interface == 0) record.interface = state_->described(raw.interface);
        if (!state_->is_copy(raw, record)) return true;
        ++counts_.copies;
        if (!state_->options.leave_out_copies) return true;
        break;
      case ParseStatus::not_ip:
        ++counts_.not_ip;
        break;
      case ParseStatus::unreadable:
        ++counts_.unreadable;
        break;
    }
  }
}

std::string CaptureFile::interface_name(uint32_t interface) const {
  if (interface == 0) return "";
  if (interface < kDescribed) return fmt::format("interface number {}", interface);
  const std::string& name = state_->reader->interfaces()[interface - kDescribed];
  return name.empty() ? fmt::format("the file's interface {}", interface - kDescribed) : name;
}

double CaptureFile::fraction_read() const {
  return state_->reader->fraction_read();
}

Result<void> check_copies(const SourceCounts& counts, const std::string& name) {
  if (counts.copies * 100 <= counts.packets * kCopiesInAHundred) return {};
  return failure(
      fmt::format("{}: {} of {} packets are copies of ones just before, as when several interfaces that one "
                  "packet passes are "
                  "captured at once (tcpdump -i any); capture on one interface (tcpdump -i DEV)",
                  name, counts.copies, counts.packets));
}

}  // namespace cuttle::capture
