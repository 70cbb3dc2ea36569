#include "io/generation_events.hh"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "io/os_error.hh"

namespace cuttle {

namespace {

constexpr uint32_t kFromKernel = 1;  // the multicast group; udev's own is 2
constexpr size_t kLongestUevent = 8192;

}  // namespace

bool is_new_generation(Bytes uevent) {
  std::string_view rest(reinterpret_cast<const char*>(uevent.data()), uevent.size());
  while (!rest.empty()) {
    const auto end = rest.find('\0');
    if (rest.substr(0, end) == "NEW_VMGENID=1") return true;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}

Result<GenerationEvents> GenerationEvents::open() {
  FileDescriptor fd(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kFromKernel;
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return os_failure("cannot listen to the kernel's events", errno);
  }
  return GenerationEvents(std::move(fd));
}

bool GenerationEvents::take() {
  bool seen = false;
  std::array<uint8_t, kLongestUevent> message;
  for (;;) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        recvfrom(fd_.get(), message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {  // more came than there is room for: it may have been among them
      seen = true;
      continue;
    }
    if (got < 0) return seen;
    if (from.nl_pid != 0) continue;  // another process made it up
    seen |= is_new_generation(Bytes(message).first(static_cast<size_t>(got)));
  }
}

}  // namespace cuttle
