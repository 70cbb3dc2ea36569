// Measures HostCosts on this machine, in half a second: sleeps of half a millisecond, trains between two
// sockets on the loopback interface, and cells sealed and opened.
#pragma once

#include "base/result.hh"
#include "capacity/host_costs.hh"
#include "crypto/aead.hh"

namespace cuttle::capacity {

// For cells of that size. With the calling thread's priority, in its network namespace. Errors: the loopback
// interface is down, or takes no such datagrams. Precondition: the backend is available.
Result<HostCosts> measure_host(AeadBackend backend, uint32_t cell_bytes);

}  // namespace cuttle::capacity
