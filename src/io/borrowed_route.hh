// Connecting a socket to an address that no route leads to at the moment: the kernel connects a datagram
// socket only along a route, though what is sent later looks for one anew each time. So one is lent to that
// socket alone, by a mark that no other has, for as long as the call takes. Needs CAP_NET_ADMIN.
#pragma once

#include <cstdint>

#include "base/ip.hh"
#include "base/result.hh"

namespace cuttle {

// `fd`: bound to `local`, which is an address of this machine's. Its mark is `firewall_mark` in the end.
Result<void> connect_without_route(int fd, const IpAddress& local, const Endpoint& remote,
                                   uint32_t firewall_mark);

// Those of a process that was ended in between. None there is no error.
Result<void> remove_borrowed_routes();

}  // namespace cuttle
