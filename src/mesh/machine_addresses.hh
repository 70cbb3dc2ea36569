// Which addresses no link can have for its other end, whatever a host says: this machine's own, and those
// that mean all hosts of its networks. Pure.
#pragma once

#include <vector>

#include "io/routes.hh"

namespace cuttle::mesh {

struct MachineAddresses {
  std::vector<IpAddress> own;
  std::vector<IpAddress> ends_of_networks;  // of IPv4: the first and the last

  bool operator==(const MachineAddresses&) const = default;
};

// All but those that every machine has, loopback and link-local ones. `lo` may have others: an address that
// is routed to this host.
MachineAddresses addresses_of_machine(const std::vector<LocalAddress>& local);

}  // namespace cuttle::mesh
