// Sending and receiving on the sockets of udp.hh.
#include "io/udp.hh"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.hh"

namespace cuttle {
namespace {

constexpr size_t kMostSegments = 64;       // UDP_MAX_SEGMENTS of kernels before 6.9
constexpr size_t kMostUdpPayload = 65507;  // 65,535 less IPv4 and UDP headers

// An ICMP error that came in since the last call is reported once, by a call that then does nothing: ask
// again. More than two in a row and the error is the call's own.
constexpr int kTries = 3;

bool is_full(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK || error_number == ENOBUFS;
}

// Calls until it works or the error is its own; negative error number then.
template <typename Call>
ssize_t past_icmp_errors(Call call, Counter& ignored) {
  int error = 0;
  for (int tries = 0; tries < kTries;) {
    const ssize_t done = call();
    if (done >= 0) {
      ignored.add(static_cast<uint64_t>(tries));
      return done;
    }
    if (errno == EINTR) continue;
    error = errno;
    if (is_full(error)) {
      ignored.add(static_cast<uint64_t>(tries));
      break;
    }
    ++tries;
  }
  return -error;
}

}  // namespace

size_t UdpSocket::send_train(const uint8_t* cells, size_t count, size_t cell_bytes) {
  CUTTLE_CHECK(cell_bytes > 0 && cell_bytes <= kMostUdpPayload, "a cell is a datagram");
  send_error_ = 0;
  if (!segmentation()) return send_one_by_one(cells, count, cell_bytes);
  const size_t sent = send_segmented(cells, count, cell_bytes);
  // EIO: the way out computes no checksums; EINVAL: a tunnel or an old driver in between. Neither can come
  // from a forged ICMP message, so nobody outside can turn segmentation off.
  if (send_error_ != EIO && send_error_ != EINVAL) return sent;
  const size_t rest = send_one_by_one(cells + sent * cell_bytes, count - sent, cell_bytes);
  if (rest > 0) shared_->segmentation.store(false, std::memory_order_relaxed);
  return sent + rest;
}

size_t UdpSocket::send_segmented(const uint8_t* cells, size_t count, size_t cell_bytes) {
  const size_t most = std::clamp(kMostUdpPayload / cell_bytes, size_t{1}, kMostSegments);
  size_t sent = 0;
  while (sent < count) {
    const size_t now = std::min(most, count - sent);
    iovec piece{const_cast<uint8_t*>(cells + sent * cell_bytes), now * cell_bytes};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {};
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* segment = CMSG_FIRSTHDR(&message);
    segment->cmsg_level = SOL_UDP;
    segment->cmsg_type = UDP_SEGMENT;
    segment->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    const auto segment_bytes = static_cast<uint16_t>(cell_bytes);
    std::memcpy(CMSG_DATA(segment), &segment_bytes, sizeof(segment_bytes));
    const ssize_t done =
        past_icmp_errors([&] { return sendmsg(fd_.get(), &message, MSG_NOSIGNAL); }, shared_->icmp_on_send);
    if (done < 0) {
      send_error_ = static_cast<int>(-done);
      break;
    }
    sent += now;
  }
  return sent;
}

size_t UdpSocket::send_one_by_one(const uint8_t* cells, size_t count, size_t cell_bytes) {
  send_error_ = 0;
  size_t sent = 0;
  while (sent < count) {
    std::array<mmsghdr, kMostSegments> messages{};
    std::array<iovec, kMostSegments> pieces;
    const size_t now = std::min(kMostSegments, count - sent);
    for (size_t i = 0; i < now; ++i) {
      pieces[i] = {const_cast<uint8_t*>(cells + (sent + i) * cell_bytes), cell_bytes};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const ssize_t done = past_icmp_errors(
        [&] { return sendmmsg(fd_.get(), messages.data(), static_cast<unsigned>(now), MSG_NOSIGNAL); },
        shared_->icmp_on_send);
    if (done <= 0) {
      send_error_ = static_cast<int>(-done);
      break;
    }
    sent += static_cast<size_t>(done);
  }
  return sent;
}

std::optional<ReceivedTrain> UdpSocket::receive(MutableBytes buffer) {
  for (;;) {
    iovec piece{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    const ssize_t got = past_icmp_errors(
        [&] {
          message.msg_control = control;  // the kernel writes the length that it used
          message.msg_controllen = sizeof(control);
          return recvmsg(fd_.get(), &message, 0);
        },
        shared_->icmp_on_receive);
    if (got < 0) return std::nullopt;
    if (got == 0) continue;  // an empty datagram: no train
    ReceivedTrain train{static_cast<size_t>(got), static_cast<size_t>(got),
                        (message.msg_flags & MSG_TRUNC) != 0};
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_UDP || part->cmsg_type != UDP_GRO) continue;
      int segment_bytes = 0;
      std::memcpy(&segment_bytes, CMSG_DATA(part), sizeof(segment_bytes));
      if (segment_bytes > 0 && segment_bytes < got) {
        train.segment_bytes = static_cast<size_t>(segment_bytes);
      }
    }
    return train;
  }
}

}  // namespace cuttle
