#include "io/generation_events.hh"

#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <iterator>
#include <string_view>

#include "io/os_error.hh"

namespace cuttle {

namespace {

constexpr uint32_t kFromKernel = 1;  // the multicast group; udev's own is 2
constexpr size_t kLongestUevent = 8192;
// A second's events of a busy host.
constexpr int kBufferBytes = 4 << 20;

// Only events of a change come in, and none of devices that are no hardware. Any local user can have others
// made, by mounts or by virtual machines of his, as many as it takes for the buffer to overflow.
Result<void> take_changes_only(int fd) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x6368616e, 0, 3),  // "chan" of "change@/devices/virtual/"
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x76697274, 1, 0),  // "virt"
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
    return os_failure("cannot choose among the kernel's events", errno);
  }
  // Larger than others may have it where this process still has the privilege; else as it is.
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
  return {};
}

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
  if (!fd) return os_failure("cannot listen to the kernel's events", errno);
  if (auto chosen = take_changes_only(fd.get()); !chosen) return tl::unexpected(chosen.error());
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kFromKernel;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
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
