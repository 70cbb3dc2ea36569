// Any file as a capture: what the audit and the trace read. It ends, and says what is wrong or hands out
// records whose sizes hang together. The frames of each link layer by themselves, too, since few inputs are
// whole files.
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.hh"
#include "base/file_descriptor.hh"
#include "capture/capture_file.hh"
#include "capture/parse_packet.hh"
#include "input.hh"

namespace cuttle::capture {
namespace {

void use(const PacketRecord& record) {
  CUTTLE_CHECK(!record.esp || record.udp_payload_bytes >= 8, "an ESP header lies in a UDP payload");
  CUTTLE_CHECK(!record.esp || record.esp->spi.value != 0, "an SPI of 0 is no ESP");
  (void)record.source.to_string();
}

void read_file(Bytes bytes) {
  const FileDescriptor memory(memfd_create("capture", MFD_CLOEXEC));
  CUTTLE_CHECK(
      memory && ::write(memory.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()),
      "a file in memory");
  auto file = CaptureFile::open("/proc/self/fd/" + std::to_string(memory.get()));
  if (!file) return;
  PacketRecord record;
  // A packet takes at least a header of 16 bytes in the file, and deflate makes of one byte at most 1032.
  const bool is_gzip = bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  for (size_t packets = 0;; ++packets) {
    CUTTLE_CHECK(packets <= bytes.size() * (is_gzip ? 1032 : 1) / 16 + 1,
                 "more packets than the file can hold");
    const auto more = (*file)->next(record);
    if (!more || !*more) break;
    use(record);
    (void)(*file)->interface_name(record.interface);
    (void)(*file)->fraction_read();
  }
}

void read_frame(Bytes bytes) {
  constexpr LinkLayer kLayers[] = {LinkLayer::ethernet, LinkLayer::linux_cooked, LinkLayer::linux_cooked_2,
                                   LinkLayer::raw_ip};
  FuzzInput input(bytes.data(), bytes.size());
  const uint8_t choice = input.byte();
  const uint32_t wire_bytes = input.word();
  const Bytes frame = bytes.subspan(std::min<size_t>(3, bytes.size()));
  PacketRecord record;
  if (parse_frame(kLayers[choice % std::size(kLayers)], frame, wire_bytes, record) == ParseStatus::ip)
    use(record);
}

}  // namespace
}  // namespace cuttle::capture

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cuttle::Bytes bytes(data, size);
  cuttle::capture::read_frame(bytes);
  cuttle::capture::read_file(bytes);
  return 0;
}
