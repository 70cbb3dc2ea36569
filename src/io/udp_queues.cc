// Which queue what the sockets of udp.hh send goes through, and when it is to leave it.
// errqueue.h needs timespec, and does not say where from.
// clang-format off
#include <time.h>
#include <linux/errqueue.h>
// clang-format on
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "io/queue_priority.hh"
#include "io/udp.hh"

namespace cuttle {

namespace {

// Read at a time, so that no sender is kept for long.
constexpr int kMaxDroppedAtOnce = 64;

bool is_of_queue(const cmsghdr& part) {
  const bool is_error = (part.cmsg_level == IPPROTO_IP && part.cmsg_type == IP_RECVERR) ||
                        (part.cmsg_level == IPPROTO_IPV6 && part.cmsg_type == IPV6_RECVERR);
  if (!is_error) return false;
  sock_extended_err error{};
  std::memcpy(&error, CMSG_DATA(&part), sizeof(error));
  return error.ee_origin == SO_EE_ORIGIN_TXTIME;
}

}  // namespace

void UdpSocket::set_way_out(uint32_t interface_index) {
  way_out_ = interface_index;
}

void UdpSocket::set_release_instant(std::optional<Instant> instant, const InstantRules& rules) {
  carried_ns_.reset();
  instants_priority_ = rules.priority;
  if (!instant || !carries_instants(rules)) return;
  const Instant carried = *instant + rules.put_later();
  carried_ns_ = rules.goes_by_tai() ? tai_.at(carried) : static_cast<uint64_t>(carried.ns);
}

// A system call, so only where it is another one.
void UdpSocket::put_priority() {
  const uint32_t wanted = way_out_ != 0 ? kQueuePriority : carried_ns_ ? instants_priority_ : 0;
  if (wanted == priority_) return;
  const int priority = static_cast<int>(wanted);
  (void)setsockopt(fd_.get(), SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
  priority_ = wanted;
}

size_t UdpSocket::send_dropped_again(size_t cell_bytes) {
  if (!dropped_) return 0;
  size_t packets = 0;
  carried_ns_.reset();
  for (int turns = 0; turns < kMaxDroppedAtOnce; ++turns) {
    bool by_queue = false;
    const size_t bytes = read_dropped(by_queue);
    if (bytes == 0) break;
    // A packet with its headers, which are shorter than a cell.
    const size_t cells = bytes / cell_bytes;
    if (!by_queue || cells == 0) continue;
    send_train(dropped_.get() + bytes - cells * cell_bytes, cells, cell_bytes);
    ++packets;
  }
  return packets;
}

// How many bytes; 0: there are no more.
size_t UdpSocket::read_dropped(bool& by_queue) {
  iovec piece{dropped_.get(), kDroppedBytes};
  alignas(cmsghdr) char control[256];
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = recvmsg(fd_.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
  if (got <= 0) return 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    by_queue |= is_of_queue(*part);
  }
  return static_cast<size_t>(got);
}

}  // namespace cuttle
