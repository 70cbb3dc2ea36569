#include "capture/live_capture.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "capture/parse_packet.hh"
#include "capture/pcap_handle.hh"

namespace cuttle::capture {

namespace {

constexpr int kKernelBufferBytes = 64 << 20;
constexpr int kPollMilliseconds = 100;  // how often a quiet interface lets us look at the clock

std::chrono::nanoseconds since_start(std::chrono::steady_clock::time_point start) {
  return std::chrono::steady_clock::now() - start;
}

}  // namespace

struct LiveCapture::State {
  PcapHandle handle;
  DumperHandle dumper;
  LinkLayer layer;
  LiveOptions options;
  std::chrono::steady_clock::time_point start;
};

LiveCapture::LiveCapture(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveCapture::~LiveCapture() = default;

Result<std::unique_ptr<LiveCapture>> LiveCapture::open(const LiveOptions& options) {
  char error[PCAP_ERRBUF_SIZE] = "";
  PcapHandle handle(pcap_create(options.interface.c_str(), error));
  if (!handle) return failure(fmt::format("interface {}: {}", options.interface, error));
  pcap_set_snaplen(handle.get(), options.snap_bytes);
  pcap_set_promisc(handle.get(), 1);
  pcap_set_timeout(handle.get(), kPollMilliseconds);
  pcap_set_buffer_size(handle.get(), kKernelBufferBytes);
  pcap_set_tstamp_precision(handle.get(), PCAP_TSTAMP_PRECISION_NANO);
  const int activated = pcap_activate(handle.get());
  if (activated < 0) {
    const char* detail = pcap_geterr(handle.get());
    return failure(fmt::format("interface {}: cannot capture: {}{}{}", options.interface,
                               pcap_statustostr(activated), *detail == '\0' ? "" : ": ", detail));
  }
  if (options.outgoing_only && pcap_setdirection(handle.get(), PCAP_D_OUT) != 0) {
    return failure(fmt::format("interface {}: cannot capture outgoing packets only: {}", options.interface,
                               pcap_geterr(handle.get())));
  }
  const auto layer = link_layer_of(pcap_datalink(handle.get()));
  if (!layer) {
    return failure(fmt::format("interface {}: link type {} is not supported; use an Ethernet interface",
                               options.interface, pcap_datalink(handle.get())));
  }
  DumperHandle dumper;
  if (!options.record_to.empty()) {
    dumper.reset(pcap_dump_open(handle.get(), options.record_to.c_str()));
    if (!dumper) return failure(fmt::format("cannot record: {}", pcap_geterr(handle.get())));
  }
  auto state = std::make_unique<State>(
      State{std::move(handle), std::move(dumper), *layer, options, std::chrono::steady_clock::now()});
  return std::unique_ptr<LiveCapture>(new LiveCapture(std::move(state)));
}

Result<bool> LiveCapture::next(PacketRecord& record) {
  while (!stopped_.load(std::memory_order_relaxed) &&
         since_start(state_->start).count() < state_->options.length.ns) {
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int got = pcap_next_ex(state_->handle.get(), &header, &data);
    if (got == 0) continue;  // nothing within the poll interval
    if (got != 1) {
      return failure(
          fmt::format("interface {}: {}", state_->options.interface, pcap_geterr(state_->handle.get())));
    }
    if (state_->dumper) {
      // Cast: libpcap declares its dumper as an opaque byte pointer in this one call.
      pcap_dump(reinterpret_cast<u_char*>(state_->dumper.get()), header, data);
    }
    count_time(time_of(*header));
    switch (parse_frame(state_->layer, captured_bytes(*header, data), header->len, record)) {
      case ParseStatus::ip:
        ++counts_.ip;
        record.time = time_of(*header);
        return true;
      case ParseStatus::not_ip:
        ++counts_.not_ip;
        break;
      case ParseStatus::unreadable:
        ++counts_.unreadable;
        break;
    }
  }
  if (state_->dumper && pcap_dump_flush(state_->dumper.get()) != 0) {
    return failure(fmt::format("{}: cannot write: is the disk full?", state_->options.record_to));
  }
  return false;
}

double LiveCapture::fraction_read() const {
  const double passed = static_cast<double>(since_start(state_->start).count());
  return std::min(1.0, passed / static_cast<double>(std::max<int64_t>(1, state_->options.length.ns)));
}

uint64_t LiveCapture::dropped() const {
  pcap_stat statistics{};
  return pcap_stats(state_->handle.get(), &statistics) == 0 ? statistics.ps_drop : 0;
}

}  // namespace cuttle::capture
