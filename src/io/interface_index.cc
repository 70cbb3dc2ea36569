#include "io/interface_index.hh"

#include <linux/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "base/file_descriptor.hh"

namespace cuttle {

namespace {

bool ask(unsigned long what, ifreq& request) {
  const FileDescriptor any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return any && ::ioctl(any.get(), what, &request) == 0;
}

}  // namespace

uint32_t interface_index(const std::string& name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name) return 0;
  std::memcpy(request.ifr_name, name.data(), name.size());
  return ask(SIOCGIFINDEX, request) ? static_cast<uint32_t>(request.ifr_ifindex) : 0;
}

std::string interface_name(uint32_t index) {
  ifreq request{};
  request.ifr_ifindex = static_cast<int>(index);
  return ask(SIOCGIFNAME, request) ? std::string(request.ifr_name) : std::string();
}

}  // namespace cuttle
