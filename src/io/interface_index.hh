// Names and numbers of interfaces, of the network namespace of the calling thread. The C library's own
// functions ask through a Unix socket, which the privileged helper cannot open. Source: netdevice(7).
#pragma once

#include <cstdint>
#include <string>

namespace cuttle {

// 0 when there is none of that name.
uint32_t interface_index(const std::string& name);
// Empty when there is none with that number.
std::string interface_name(uint32_t index);

}  // namespace cuttle
