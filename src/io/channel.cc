#include "io/channel.hh"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.hh"
#include "io/clock.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

using ControlRoom = std::array<char, CMSG_SPACE(Channel::kMaxDescriptors * sizeof(int))>;

// Takes over every descriptor that came, also of a message that is then refused.
std::vector<FileDescriptor> descriptors_of(msghdr& message) {
  std::vector<FileDescriptor> descriptors;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
  return descriptors;
}

}  // namespace

Result<std::pair<Channel, Channel>> Channel::make_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    return os_failure("cannot make a pair of sockets", errno);
  }
  return std::pair(Channel(FileDescriptor(ends[0])), Channel(FileDescriptor(ends[1])));
}

bool Channel::wait(short what, Instant until) const {
  const MonotonicClock clock;
  for (;;) {
    const int64_t left_ms = (until - clock.now()).ns / 1'000'000;
    pollfd waiting{socket_.get(), what, 0};
    const int ready =
        left_ms <= 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left_ms, 1 << 30)));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

Result<void> Channel::send(std::span<const char> bytes, std::span<const int> descriptors,
                           Instant until) const {
  CUTTLE_CHECK(!bytes.empty() && bytes.size() <= kMaxBytes && descriptors.size() <= kMaxDescriptors,
               "a message is within its bounds");
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  alignas(cmsghdr) ControlRoom room{};
  if (!descriptors.empty()) {
    message.msg_control = room.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  for (;;) {
    if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return os_failure("a message cannot be sent to the other process", errno);
    if (!wait(POLLOUT, until)) return failure("the other process takes nothing");
  }
}

Result<ChannelMessage> Channel::receive(Instant until) const {
  ChannelMessage received;
  received.bytes.resize(kMaxBytes);
  iovec piece{received.bytes.data(), received.bytes.size()};
  alignas(cmsghdr) ControlRoom room{};
  for (;;) {
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
    const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (got > 0) {
      received.descriptors = descriptors_of(message);
      received.bytes.resize(static_cast<size_t>(got));
      if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) return received;
      return failure("a message from the other process is too large");
    }
    if (got == 0) return failure("the other process has ended");
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return os_failure("nothing can be heard from the other process", errno);
    if (!wait(POLLIN, until)) return failure("the other process does not answer");
  }
}

bool Channel::wait_to_receive(Instant until) const {
  return wait(POLLIN, until);
}

bool Channel::is_open() const {
  pollfd waiting{socket_.get(), POLLIN, 0};
  return socket_ && (::poll(&waiting, 1, 0) <= 0 || (waiting.revents & (POLLHUP | POLLERR)) == 0);
}

}  // namespace cuttle
