// Which queueing discipline a device has in one place, asked for that device and place alone.
// Used by traffic_control.cc and clock_device.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "io/links.hh"
#include "io/netlink.hh"

namespace cuttle {

struct Qdisc {
  std::string kind;
  uint32_t handle = 0;
};

// `parent`: TC_H_ROOT or TC_H_CLSACT (which is "ingress" as well). None, too, when the device is gone, or has
// what the kernel gives to all. 0 or a negative error number.
int find_qdisc(NetlinkSocket& socket, const Link& device, uint32_t parent, std::optional<Qdisc>& found);

}  // namespace cuttle
