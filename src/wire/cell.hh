// The cell: one UDP payload, always of the same size (docs/wire-format.md).
//
//   offset  size
//        0     4  SPI                         RFC 4303, section 2.1; zero marks a handshake (RFC 3948, 2.2)
//        4     4  sequence number             RFC 4303, section 2.2
//        8     8  IV, equal to the sequence   RFC 4106, section 3.1
//       16     4  AGGFRAG header              encrypted from here on; RFC 9347, section 6.1
//       20     n  data blocks
//     20+n     1  pad length, always 0        RFC 4303, section 2.4
//     21+n     1  next header, 144            RFC 9347, section 6; the last encrypted byte
//     22+n    16  ICV                         RFC 4106, section 6
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hh"
#include "base/check.hh"
#include "base/ids.hh"

namespace cuttle::wire {

inline constexpr size_t kEspHeaderBytes = 8;
inline constexpr size_t kIvBytes = 8;
inline constexpr size_t kIcvBytes = 16;
inline constexpr size_t kAggfragHeaderBytes = 4;
inline constexpr size_t kEspTrailerBytes = 2;
inline constexpr uint8_t kNextHeaderAggfrag = 144;

inline constexpr size_t kSealedOffset = kEspHeaderBytes + kIvBytes;
inline constexpr size_t kCellOverheadBytes =
    kSealedOffset + kAggfragHeaderBytes + kEspTrailerBytes + kIcvBytes;
static_assert(kSealedOffset == 16 && kCellOverheadBytes == 38);

// ESP pads its plaintext to four bytes (RFC 4303, section 2.4). A cell size that is a multiple of four needs
// no padding at all, so none is ever sent.
inline constexpr size_t kCellAlignmentBytes = 4;
static_assert((kSealedOffset + kIcvBytes) % kCellAlignmentBytes == 0);

inline constexpr size_t kUdpHeaderBytes = 8;
inline constexpr size_t kIpv4HeaderBytes = 20;
inline constexpr size_t kIpv6HeaderBytes = 40;

inline constexpr uint32_t kDefaultCellBytesV4 = 1472;  // a 1,500-byte path less IPv4 and UDP headers
inline constexpr uint32_t kDefaultCellBytesV6 = 1452;
constexpr uint32_t default_cell_bytes(bool is_v6) {
  return is_v6 ? kDefaultCellBytesV6 : kDefaultCellBytesV4;
}
static_assert(kDefaultCellBytesV4 % kCellAlignmentBytes == 0 &&
              kDefaultCellBytesV6 % kCellAlignmentBytes == 0);
inline constexpr uint32_t kSmallestCellBytes = 256;  // a handshake message must fit
inline constexpr uint32_t kLargestCellBytes = 8972;  // a 9,000-byte path less IPv4 and UDP headers

// A cell size and what follows from it.
class CellFormat {
 public:
  explicit constexpr CellFormat(uint32_t cell_bytes) : cell_bytes_(cell_bytes) {
    CUTTLE_CHECK(cell_bytes % kCellAlignmentBytes == 0, "a cell is a multiple of four bytes");
    CUTTLE_CHECK(cell_bytes >= kSmallestCellBytes && cell_bytes <= kLargestCellBytes,
                 "cell size out of range");
  }
  constexpr size_t cell_bytes() const { return cell_bytes_; }
  // AGGFRAG header, data blocks and ESP trailer: what is encrypted.
  constexpr size_t payload_bytes() const { return cell_bytes_ - kSealedOffset - kIcvBytes; }
  // Room for inner packets.
  constexpr size_t data_bytes() const { return cell_bytes_ - kCellOverheadBytes; }
  // The size of a cell as an IP packet, which is what a link's rate counts.
  constexpr size_t ip_bytes(bool is_v6) const {
    return cell_bytes_ + kUdpHeaderBytes + (is_v6 ? kIpv6HeaderBytes : kIpv4HeaderBytes);
  }

 private:
  uint32_t cell_bytes_;
};

struct EspHeader {
  Spi spi;
  Sequence sequence;
  uint64_t iv;
};

inline void store_esp_header(uint8_t* cell, Spi spi, Sequence sequence) {
  store_be32(cell, spi.value);
  store_be32(cell + 4, sequence.value);
  store_be64(cell + 8, sequence.value);
}
inline EspHeader load_esp_header(const uint8_t* cell) {
  return {Spi{load_be32(cell)}, Sequence{load_be32(cell + 4)}, load_be64(cell + 8)};
}

// AGGFRAG header, sub-type 0 (RFC 9347, section 6.1.1). `block_offset` is the distance from the end of the
// header to the first data block that starts in this or a later cell.
inline constexpr uint8_t kAggfragSubType = 0;

inline void store_aggfrag_header(uint8_t* payload, uint16_t block_offset) {
  payload[0] = kAggfragSubType;
  payload[1] = 0;
  store_be16(payload + 2, block_offset);
}

}  // namespace cuttle::wire
