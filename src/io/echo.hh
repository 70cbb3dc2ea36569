// One ICMP echo of a given size that no router may cut: whether a path carries datagrams as large as cells
// where the peer itself does not answer. IPv4 only. Needs CAP_NET_RAW. Source: RFC 792; ip(7),
// IP_MTU_DISCOVER.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/ip.hh"
#include "base/result.hh"
#include "base/time.hh"

namespace cuttle {

// Whether `to` answered an echo request of `ip_bytes` octets in all within `patience`. Fails where it cannot
// be sent at all (EMSGSIZE counts as no answer). Precondition: `to` is IPv4, 28 <= ip_bytes <= 65535.
Result<bool> echo_is_answered(const IpAddress& to, size_t ip_bytes, uint32_t firewall_mark,
                              Duration patience);

}  // namespace cuttle
