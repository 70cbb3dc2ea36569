// The pad data block (RFC 9347, section 6.1.3.3): a zero nibble; a receiver ignores what follows. Cuttle says
// there, to a peer that is Cuttle too, what share of the peer's cells went missing, so that the peer can
// choose smaller inner packets on a lossy path. Any other implementation skips it as padding.
//
//   0  1  zero
//   1  1  0xc7
//   2  2  share of the cells of the last second that were lost, in 65,536ths (65,535: all)
#pragma once

#include <optional>

#include "base/bytes.hh"

namespace cuttle::wire {

inline constexpr size_t kLossReportBytes = 4;
inline constexpr uint8_t kLossReportMark = 0xc7;

// Begins a pad block over `rest`, which is zero already: the report, where it fits.
inline void store_pad_report(MutableBytes rest, uint16_t loss_65536ths) {
  if (rest.size() < kLossReportBytes) return;
  rest[0] = 0;
  rest[1] = kLossReportMark;
  store_be16(rest.data() + 2, loss_65536ths);
}

// Writes a pad block over the whole of `rest`: the report where it fits, zeros behind it.
inline void store_pad(MutableBytes rest, uint16_t loss_65536ths) {
  if (!rest.empty()) std::memset(rest.data(), 0, rest.size());
  store_pad_report(rest, loss_65536ths);
}

inline std::optional<uint16_t> load_loss_report(Bytes pad) {
  if (pad.size() < kLossReportBytes || pad[0] != 0 || pad[1] != kLossReportMark) return std::nullopt;
  return load_be16(pad.data() + 2);
}

}  // namespace cuttle::wire
