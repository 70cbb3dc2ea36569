// What a TUN with offloads and the cells have to know of each other's packets (virtio_net_hdr, Virtio 1.2,
// section 5.1.6): whether a TCP or UDP checksum stands in them or is still to be made, and into segments of
// which size a long TCP packet is to be cut. Cells carry packets as the sending kernel handed them over, up
// to 64 KiB long; what is still to be made, the receiving kernel makes. A checksum that stands there already
// was made elsewhere, by whom the AEAD does not vouch for: it is checked before the packet goes into a cell.
#pragma once

#include <sys/uio.h>

#include <span>

#include "base/bytes.hh"
#include "engine/virtio_header.hh"

namespace cuttle {

// The first bytes of a packet of `bytes` that lies in `room`, as many as `out` has room for.
Bytes first_bytes(std::span<const iovec> room, size_t bytes, MutableBytes out);

// Makes a packet that came from the TUN, described by `header`, what goes into cells. It lies in the first
// `bytes` bytes of `room`. Afterwards TCP's checksum field holds a sum to be completed that says the segment
// size (wire::pseudo_header_sum); UDP's that, or a checksum that was checked, or nothing, as it came; and
// whatever else the kernel left to be completed is complete. False when a checksum is wrong: drop it.
bool prepare_for_cells(const VirtioHeader& header, std::span<const iovec> room, size_t bytes);

// For a peer that does not complete checksums, after prepare_for_cells: one that is still to be made is made,
// and one that is whole stays right.
void complete_checksum(MutableBytes packet);

// Describes a packet that came out of cells. Where its checksum is still to be made, puts the pseudo-header's
// sum into the field; everything else stays as it is. No segment is larger than an MTU.
VirtioHeader describe_for_tun(MutableBytes packet, uint32_t mtu);

}  // namespace cuttle
