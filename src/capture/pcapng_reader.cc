// pcapng (draft-ietf-opsawg-pcapng): blocks of a type, a length, a body and the length again, in the byte
// order that each section's header tells.
#include <fmt/format.h>
#include <pcap/dlt.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/printable.hh"
#include "capture/record_reader.hh"

namespace cuttle::capture {

namespace {

constexpr uint32_t kSectionHeader = 0x0a0d0d0a;  // the same in both byte orders
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint32_t kInterface = 1;
constexpr uint32_t kOldPacket = 2;
constexpr uint32_t kSimplePacket = 3;
constexpr uint32_t kEnhancedPacket = 6;
constexpr uint16_t kOptionName = 2;
constexpr uint16_t kOptionResolution = 9;
constexpr uint16_t kOptionOffset = 14;
constexpr uint32_t kLargestBlock = 32 << 20;
constexpr size_t kMaxInterfaces = 4096;

struct Interface {
  int link_type = 0;
  uint8_t resolution = 6;  // 10^-n s, or 2^-n with the highest bit set
  int64_t offset_s = 0;
};

__extension__ using Wide = __int128;

Instant instant_of(uint64_t ticks, const Interface& on) {
  Wide ns = 0;
  if ((on.resolution & 0x80) != 0) {
    ns = (Wide{ticks} * 1'000'000'000) >> (on.resolution & 0x7f);
  } else {
    Wide factor = 1;
    for (int i = on.resolution; i < 9; ++i) factor *= 10;
    Wide divisor = 1;
    for (int i = 9; i < std::min<int>(on.resolution, 36); ++i) divisor *= 10;
    ns = Wide{ticks} * factor / divisor;
  }
  ns += Wide{on.offset_s} * 1'000'000'000;
  constexpr Wide kMax = std::numeric_limits<int64_t>::max() / 2;  // what is compared and subtracted must fit
  return Instant{static_cast<int64_t>(std::clamp<Wide>(ns, 0, kMax))};
}

class PcapngReader : public RecordReader {
 public:
  explicit PcapngReader(std::unique_ptr<CaptureBytes> bytes) : bytes_(std::move(bytes)) {}

  Result<ReadStatus> next(RawRecord& record) override {
    while (true) {
      const auto status = read_block();
      if (!status || *status != ReadStatus::record) return status;
      const auto is_packet = take_block(record);
      if (!is_packet) return tl::unexpected(is_packet.error());
      if (*is_packet) return ReadStatus::record;
    }
  }

  const std::vector<std::string>& interfaces() const override { return names_; }
  double fraction_read() const override { return bytes_->fraction_read(); }

 private:
  uint16_t u16(const uint8_t* at) const {
    return static_cast<uint16_t>(big_ ? at[0] << 8 | at[1] : at[1] << 8 | at[0]);
  }
  uint32_t u32(const uint8_t* at) const {
    const uint32_t big = load_be32(at);
    return big_ ? big : __builtin_bswap32(big);
  }

  // The next block into type_ and body_; `record` stands for any block.
  Result<ReadStatus> read_block() {
    uint8_t head[12];
    const size_t got = bytes_->read(head, 8);
    if (got < 8) return got == 0 && bytes_->trouble().empty() ? ReadStatus::end : ReadStatus::cut_off;
    size_t taken = 8;
    if (load_be32(head) == kSectionHeader) {
      if (bytes_->read(head + 8, 4) < 4) return ReadStatus::cut_off;
      taken = 12;
      big_ = load_be32(head + 8) == kByteOrderMagic;
      if (!big_ && __builtin_bswap32(load_be32(head + 8)) != kByteOrderMagic) {
        return failure("a section without its byte-order mark");
      }
    }
    type_ = u32(head);
    const uint32_t length = u32(head + 4);
    if (length < taken + 4 || length % 4 != 0 || length > kLargestBlock) {
      return failure(fmt::format("a block of {} bytes", length));
    }
    block_.resize(length - 8);
    std::copy(head + 8, head + taken, block_.begin());
    const size_t rest = length - taken;
    if (bytes_->read(block_.data() + taken - 8, rest) < rest) return ReadStatus::cut_off;
    if (u32(block_.data() + block_.size() - 4) != length) return failure("a block whose two lengths differ");
    body_ = {block_.data(), block_.size() - 4};
    return ReadStatus::record;
  }

  // True with `record` filled in where the block is a packet.
  Result<bool> take_block(RawRecord& record) {
    switch (type_) {
      case kSectionHeader:
        section_.clear();
        first_of_section_ = names_.size();
        return false;
      case kInterface:
        return take_interface();
      case kEnhancedPacket:
        if (body_.size() < 20) return failure("a packet block that is too short");
        return take_packet(u32(body_.data()), record);
      case kOldPacket:
        if (body_.size() < 20) return failure("a packet block that is too short");
        return take_packet(u16(body_.data()), record);
      case kSimplePacket:
        return failure("its packets have no time stamps (simple packet blocks)");
      default:
        return false;
    }
  }

  Result<bool> take_interface() {
    if (body_.size() < 8) return failure("an interface block that is too short");
    if (names_.size() >= kMaxInterfaces) return failure("thousands of interfaces");
    Interface one;
    one.link_type = u16(body_.data());
    std::string name;
    for (size_t at = 8; at + 4 <= body_.size();) {
      const uint16_t code = u16(&body_[at]);
      const uint16_t length = u16(&body_[at + 2]);
      const size_t value = at + 4;
      if (code == 0 || value + length > body_.size()) break;
      if (code == kOptionName) name.assign(reinterpret_cast<const char*>(&body_[value]), length);
      if (code == kOptionResolution && length >= 1) one.resolution = body_[value];
      if (code == kOptionOffset && length == 8) {
        const uint64_t first = u32(&body_[value]);
        const uint64_t second = u32(&body_[value + 4]);
        one.offset_s = static_cast<int64_t>(big_ ? first << 32 | second : second << 32 | first);
      }
      at = value + (length + 3) / 4 * 4;
    }
    section_.push_back(one);
    names_.push_back(printable(name));
    return false;
  }

  Result<bool> take_packet(uint32_t interface, RawRecord& record) {
    if (interface >= section_.size())
      return failure(fmt::format("a packet of an interface {} it does not have", interface));
    const Interface& on = section_[interface];
    const auto layer = link_layer_of(on.link_type);
    if (!layer) return failure(unsupported_link_type(on.link_type));
    const uint64_t ticks = uint64_t{u32(&body_[4])} << 32 | u32(&body_[8]);
    const uint32_t captured = u32(&body_[12]);
    if (captured > body_.size() - 20) return failure("a packet longer than its block");
    record = {instant_of(ticks, on), *layer, body_.subspan(20, captured), u32(&body_[16]),
              static_cast<uint32_t>(first_of_section_ + interface)};
    return true;
  }

  std::unique_ptr<CaptureBytes> bytes_;
  bool big_ = false;
  uint32_t type_ = 0;
  std::vector<uint8_t> block_;
  Bytes body_;
  std::vector<Interface> section_;
  size_t first_of_section_ = 0;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::unique_ptr<RecordReader>> open_pcapng(std::unique_ptr<CaptureBytes> bytes) {
  return std::make_unique<PcapngReader>(std::move(bytes));
}

bool looks_like_pcapng(Bytes start) {
  return start.size() >= 4 && load_be32(start.data()) == kSectionHeader;
}

}  // namespace cuttle::capture
