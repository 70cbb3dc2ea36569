#include "capture/capture_file.hh"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "capture/parse_packet.hh"
#include "capture/pcap_handle.hh"

namespace cuttle::capture {

struct CaptureFile::State {
  PcapHandle handle;
  LinkLayer layer;
  std::string path;
  uint64_t file_bytes = 0;
};

CaptureFile::CaptureFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
CaptureFile::~CaptureFile() = default;

Result<std::unique_ptr<CaptureFile>> CaptureFile::open(const std::string& path) {
  std::error_code size_error;
  const auto file_bytes = std::filesystem::file_size(path, size_error);
  if (size_error) return failure(fmt::format("{}: cannot read the capture: {}", path, size_error.message()));
  char error[PCAP_ERRBUF_SIZE] = "";
  PcapHandle handle(pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error));
  if (!handle) {
    return failure(
        fmt::format("{}: not a pcap or pcapng capture ({}); write one with `tcpdump -w FILE`", path, error));
  }
  const int link_type = pcap_datalink(handle.get());
  const auto layer = link_layer_of(link_type);
  if (!layer) {
    const char* name = pcap_datalink_val_to_name(link_type);
    return failure(
        fmt::format("{}: link type {} ({}) is not supported; capture on an Ethernet interface or on `any`",
                    path, link_type, name == nullptr ? "no name" : name));
  }
  auto state = std::make_unique<State>(State{std::move(handle), *layer, path, file_bytes});
  return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
}

Result<bool> CaptureFile::next(PacketRecord& record) {
  while (true) {
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int got = pcap_next_ex(state_->handle.get(), &header, &data);
    if (got == PCAP_ERROR_BREAK) return false;
    if (got != 1) {
      return failure(
          fmt::format("{}: the capture is cut off or damaged after {} whole packets ({}); stop tcpdump with "
                      "SIGINT so that it finishes the file, and capture again",
                      state_->path, counts_.packets, pcap_geterr(state_->handle.get())));
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
}

double CaptureFile::fraction_read() const {
  FILE* file = pcap_file(state_->handle.get());
  if (file == nullptr || state_->file_bytes == 0) return -1;
  return static_cast<double>(std::ftell(file)) / static_cast<double>(state_->file_bytes);
}

}  // namespace cuttle::capture
