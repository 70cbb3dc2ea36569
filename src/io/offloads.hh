// What an interface does for the kernel: whether it takes trains of UDP datagrams whole (UDP segmentation
// offload), and what lies below it. Reads only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"

namespace cuttle {

struct TrainOffload {
  bool takes_trains = false;        // `ethtool -k DEV`: tx-udp-segmentation
  bool computes_checksums = false;  // any of tx-checksum-ipv4, -ipv6, -ip-generic
};

// ethtool's ioctl (linux/ethtool.h). Errors: no such interface, one that knows no features.
Result<TrainOffload> train_offload(std::string_view interface);

// Whether its card may carry out what tc or nftables' flowtables say (`ethtool -k DEV`: hw-tc-offload). False
// where nobody can tell.
bool forwards_by_itself(std::string_view interface);

// The cards that an interface stands on: itself where it is one, those below a bond, VLAN or bridge. Empty
// where there is none, as for veth, dummy and other interfaces of the kernel's own.
std::vector<std::string> cards_of(std::string_view interface);

// Whether this kernel cuts trains for an interface that computes no checksums; older ones refuse, and
// datagrams are then sent one by one.
bool kernel_cuts_without_checksums();

}  // namespace cuttle
