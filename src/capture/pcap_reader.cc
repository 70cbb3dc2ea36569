#include <fmt/format.h>

#include <cstdio>

#include "capture/pcap_handle.hh"
#include "capture/record_reader.hh"

namespace cuttle::capture {

namespace {

class PcapReader : public RecordReader {
 public:
  PcapReader(PcapHandle handle, const CaptureBytes* bytes, LinkLayer layer)
      : handle_(std::move(handle)), bytes_(bytes), layer_(layer) {}

  Result<ReadStatus> next(RawRecord& record) override {
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int got = pcap_next_ex(handle_.get(), &header, &data);
    if (got == 1) {
      record = {time_of(*header), layer_, captured_bytes(*header, data), header->len, 0};
      return ReadStatus::record;
    }
    const std::string trouble = bytes_->trouble();
    if (got == PCAP_ERROR_BREAK) return trouble.empty() ? ReadStatus::end : ReadStatus::cut_off;
    // What libpcap misses, it misses at the end; everything else contradicts itself.
    if (std::feof(pcap_file(handle_.get())) != 0 || !trouble.empty()) return ReadStatus::cut_off;
    return failure(pcap_geterr(handle_.get()));
  }

  const std::vector<std::string>& interfaces() const override { return interfaces_; }
  double fraction_read() const override { return bytes_->fraction_read(); }

 private:
  PcapHandle handle_;
  const CaptureBytes* bytes_;  // the handle's stream owns it
  LinkLayer layer_;
  std::vector<std::string> interfaces_;
};

ssize_t read_cookie(void* cookie, char* to, size_t bytes) {
  return static_cast<ssize_t>(
      static_cast<CaptureBytes*>(cookie)->read(reinterpret_cast<uint8_t*>(to), bytes));
}
int close_cookie(void* cookie) {
  delete static_cast<CaptureBytes*>(cookie);
  return 0;
}

}  // namespace

Result<std::unique_ptr<RecordReader>> open_pcap(std::unique_ptr<CaptureBytes> bytes) {
  const CaptureBytes* kept = bytes.get();
  FILE* stream = fopencookie(bytes.get(), "r", {read_cookie, nullptr, nullptr, close_cookie});
  if (stream == nullptr) return failure("no memory");
  bytes.release();  // the stream's now
  std::setvbuf(stream, nullptr, _IOFBF, 256 << 10);
  char error[PCAP_ERRBUF_SIZE] = "";
  PcapHandle handle(pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error));
  if (!handle) {
    std::fclose(stream);
    return failure(fmt::format("not a pcap or pcapng capture ({}); write one with `tcpdump -w FILE`", error));
  }
  const int link_type = pcap_datalink(handle.get());
  const auto layer = link_layer_of(link_type);
  if (!layer) return failure(unsupported_link_type(link_type));
  return std::make_unique<PcapReader>(std::move(handle), kept, *layer);
}

std::string unsupported_link_type(int link_type) {
  const char* name = pcap_datalink_val_to_name(link_type);
  return fmt::format("link type {} ({}) is not supported; capture on an Ethernet interface or on `any`",
                     link_type, name == nullptr ? "no name" : name);
}

}  // namespace cuttle::capture
