// Which addresses are no other host's, whatever that says: this machine's own, and those that mean all hosts
// of its networks, which no link can have for its other end. Pure.
#pragma once

#include <vector>

#include "io/routes.hh"

namespace cuttle::mesh {

// All but those that every machine has, loopback and link-local ones. `lo` may have others: an address that
// is routed to this host.
std::vector<IpAddress> addresses_of_machine(const std::vector<LocalAddress>& local);

}  // namespace cuttle::mesh
