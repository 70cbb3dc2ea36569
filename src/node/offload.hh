// What a TUN with offloads needs to know of an inner packet (virtio_net_hdr, Virtio 1.2, section 5.1.6):
// where its checksum is, and how it is to be segmented if it is longer than an MTU. Cells carry packets as
// the sending kernel handed them over, up to 64 KiB long and with their TCP or UDP checksum still to be
// completed; the AEAD vouches for every octet on the way, so the receiving kernel is told to complete it
// where it must, not to verify it.
#pragma once

#include "base/bytes.hh"
#include "io/virtio_header.hh"

namespace cuttle {

// Describes `packet` and puts the pseudo-header's sum into its checksum field. Packets that are neither TCP
// nor UDP, and fragments, stay as they are.
VirtioHeader describe_for_tun(MutableBytes packet, uint32_t mtu);

}  // namespace cuttle
