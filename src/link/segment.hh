// A TCP packet of many segments' length, as a kernel with segmentation offload hands it over, cut into
// packets of at most a given size: on a lossy path a packet dies with any of its cells, so fewer cells a
// packet is better. The cut is what the kernel would have done itself (RFC 9293; TSO).
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.hh"
#include "wire/inner_packet.hh"

namespace cuttle {

class Segmenter {
 public:
  // `packet` stays the caller's and must outlive the segmenter. Pieces hold whole multiples of
  // `segment_bytes` of TCP payload (the sender's maximum segment size), as many as fit `largest_bytes`, one
  // at the least. A packet that is not TCP, or fits, comes out as it is.
  Segmenter(Bytes packet, size_t segment_bytes, size_t largest_bytes);

  // Writes the next piece to `out` (at least packet.size() bytes) and returns its length; nullopt when all
  // is done. Checksums: the IPv4 header's is right; TCP's is still to be made, and says the segment size
  // (wire::pseudo_header_sum).
  std::optional<size_t> poll_piece(MutableBytes out);

 private:
  Bytes packet_;
  size_t segment_bytes_;
  std::optional<wire::Transport> transport_;
  size_t header_bytes_ = 0;
  size_t piece_payload_ = 0;  // 0: not to be cut
  size_t done_ = 0;
  uint16_t pieces_ = 0;
  bool finished_ = false;
};

}  // namespace cuttle
