// What a socket's datagrams carry inside this machine, as their priority (SO_PRIORITY), that are to leave by
// a clock device (clock_device.hh) and no other way. The device's program takes it off; where it is still
// there at the egress of another device, they went round the queue, as they do over IPv6 when somebody
// removes the device's route, and the lock (egress_lock.hh) drops them. A datagram on the wire does not show
// it, and anyone may set it. Source: socket(7); Linux include/uapi/linux/pkt_sched.h (TC_PRIO_: no name for
// 5).
#pragma once

#include <cstdint>

namespace cuttle {

inline constexpr uint32_t kQueuePriority = 5;

}  // namespace cuttle
