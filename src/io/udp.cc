// Sending and receiving on the sockets of udp.hh.
#include "io/udp.hh"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "base/check.hh"
#include "io/clock.hh"

namespace cuttle {
namespace {

constexpr size_t kMaxSegments = 64;                   // UDP_MAX_SEGMENTS of kernels before 6.9
constexpr size_t kMaxUdpPayload = 65507;              // 65,535 less IPv4 and UDP headers
constexpr std::array<uint8_t, 1500> kLongestPause{};  // what a pause's datagram holds: nothing

// An ICMP error that came in since the last call is reported once, by a call that then does nothing: ask
// again. So many in a row and the error is the call's own; anybody can send some.
constexpr int kTries = 32;

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

// A datagram that waited for longer was stamped by another wall clock than there is now.
constexpr Duration kLongestWait = seconds(1);

// When it came in, on our clock, by the kernel's stamp of it, which is the wall clock's. Somebody may have
// set that meanwhile.
Instant arrival_of(const timespec& stamp) {
  const Instant now = MonotonicClock().now();
  const auto stamped =
      static_cast<uint64_t>(stamp.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(stamp.tv_nsec);
  const Duration waited{static_cast<int64_t>(wall_clock_ns() - stamped)};
  return waited.ns > 0 && waited < kLongestWait ? now - waited : now;
}

// The control messages of one sendmsg: how long each datagram of a train is, the interface it leaves through,
// and when.
class SendControl {
 public:
  explicit SendControl(msghdr& message) : message_(message) {
    message_.msg_control = room_;
    message_.msg_controllen = 0;
  }
  SendControl(const SendControl&) = delete;

  void put_segment(size_t segment_bytes) { put(SOL_UDP, UDP_SEGMENT, static_cast<uint16_t>(segment_bytes)); }
  void put_instant(uint64_t carried_ns) { put(SOL_SOCKET, SCM_TXTIME, carried_ns); }
  // ip(7), ipv6(7). The source is said as well, or IPv4 would look for one on that interface.
  void put_way_out(uint32_t interface_index, const IpAddress& source) {
    if (source.is_v6) {
      in6_pktinfo info{};
      info.ipi6_ifindex = interface_index;
      put(IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else {
      in_pktinfo info{};
      info.ipi_ifindex = static_cast<int>(interface_index);
      std::memcpy(&info.ipi_spec_dst, source.bytes.data(), sizeof(info.ipi_spec_dst));
      put(IPPROTO_IP, IP_PKTINFO, info);
    }
  }

 private:
  template <typename Value>
  void put(int level, int type, const Value& value) {
    auto* part = reinterpret_cast<cmsghdr*>(room_ + message_.msg_controllen);
    part->cmsg_level = level;
    part->cmsg_type = type;
    part->cmsg_len = CMSG_LEN(sizeof(value));
    std::memcpy(CMSG_DATA(part), &value, sizeof(value));
    message_.msg_controllen += CMSG_SPACE(sizeof(value));
  }

  msghdr& message_;
  alignas(cmsghdr) uint8_t room_[CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(in6_pktinfo)) +
                                 CMSG_SPACE(sizeof(uint64_t))] = {};
};

}  // namespace

size_t UdpSocket::send_train(const uint8_t* cells, size_t count, size_t cell_bytes) {
  CUTTLE_CHECK(cell_bytes > 0 && cell_bytes <= kMaxUdpPayload, "a cell is a datagram");
  send_error_ = 0;
  put_priority();
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
  const size_t max = std::clamp(kMaxUdpPayload / cell_bytes, size_t{1}, kMaxSegments);
  size_t sent = 0;
  while (sent < count) {
    const size_t now = std::min(max, count - sent);
    iovec piece{const_cast<uint8_t*>(cells + sent * cell_bytes), now * cell_bytes};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    SendControl control(message);
    control.put_segment(cell_bytes);
    if (way_out_ != 0) control.put_way_out(way_out_, own_);
    if (carried_ns_) control.put_instant(*carried_ns_);
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
    std::array<mmsghdr, kMaxSegments> messages{};
    std::array<iovec, kMaxSegments> pieces;
    const size_t now = std::min(kMaxSegments, count - sent);
    msghdr common{};
    SendControl control(common);
    if (way_out_ != 0) control.put_way_out(way_out_, own_);
    if (carried_ns_) control.put_instant(*carried_ns_);
    for (size_t i = 0; i < now; ++i) {
      pieces[i] = {const_cast<uint8_t*>(cells + (sent + i) * cell_bytes), cell_bytes};
      messages[i].msg_hdr = common;
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

bool UdpSocket::send_pause(size_t frame_bytes, std::optional<Instant> due) {
  const size_t headers = 14 + 8 + (own_.is_v6 ? sizeof(ip6_hdr) : sizeof(iphdr));
  CUTTLE_CHECK(frame_bytes >= kSmallestPauseFrame && frame_bytes <= headers + kLongestPause.size(),
               "a pause is shorter than a cell");
  put_priority();
  const int64_t due_ns = due ? due->ns : 0;
  iovec pieces[] = {{const_cast<int64_t*>(&due_ns), sizeof(due_ns)},
                    {const_cast<uint8_t*>(kLongestPause.data()), frame_bytes - headers - sizeof(due_ns)}};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = std::size(pieces);
  SendControl control(message);
  if (way_out_ != 0) control.put_way_out(way_out_, own_);
  return past_icmp_errors([&] { return sendmsg(fd_.get(), &message, MSG_NOSIGNAL); },
                          shared_->icmp_on_send) >= 0;
}

std::optional<ReceivedTrain> UdpSocket::receive(MutableBytes buffer) {
  for (;;) {
    iovec piece{buffer.data(), buffer.size()};
    alignas(cmsghdr) char
        control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(uint32_t))];
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
                        (message.msg_flags & MSG_TRUNC) != 0, last_arrival_};
    Instant arrived{INT64_MIN};
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
        timespec stamp{};
        std::memcpy(&stamp, CMSG_DATA(part), sizeof(stamp));
        arrived = arrival_of(stamp);
      } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_RXQ_OVFL) {
        std::memcpy(&train.dropped_before, CMSG_DATA(part), sizeof(train.dropped_before));
      } else if (part->cmsg_level == SOL_UDP && part->cmsg_type == UDP_GRO) {
        int segment_bytes = 0;
        std::memcpy(&segment_bytes, CMSG_DATA(part), sizeof(segment_bytes));
        if (segment_bytes > 0 && segment_bytes < got) {
          train.segment_bytes = static_cast<size_t>(segment_bytes);
        }
      }
    }
    if (arrived.ns == INT64_MIN) arrived = MonotonicClock().now();
    train.arrived = last_arrival_ = std::max(last_arrival_, arrived);
    return train;
  }
}

}  // namespace cuttle
