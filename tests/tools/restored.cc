// Has the kernel send, in this network namespace, the event with which it says that a virtual machine was
// restored from a snapshot.
#include <linux/netlink.h>
#include <sys/socket.h>

#include <string>

#include "base/file_descriptor.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

int run() {
  using namespace std::string_literals;
  const std::string uevent =
      "change@/devices/platform/QEMUVGID:00\0ACTION=change\0SUBSYSTEM=platform\0NEW_VMGENID=1\0"s;
  const FileDescriptor fd(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));
  if (!fd) die_of_errno("netlink socket");
  std::string message(sizeof(nlmsghdr), '\0');
  auto* header = reinterpret_cast<nlmsghdr*>(message.data());
  header->nlmsg_len = static_cast<uint32_t>(sizeof(nlmsghdr) + uevent.size());
  header->nlmsg_type = NLMSG_MIN_TYPE;
  header->nlmsg_flags = NLM_F_REQUEST;
  message += uevent;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd.get(), message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
             sizeof kernel) < 0) {
    die_of_errno("uevent");
  }
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main() {
  return cuttle::tools::run();
}
