#include "raw_port.hh"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "tool.hh"

namespace cuttle::tools {

namespace {

constexpr int kSendBufferBytes = 64 << 20;
constexpr size_t kLargestFrame = 65536 + 64;

}  // namespace

RawPort::RawPort(const std::string& interface, int waiting_bytes) : buffer_(kLargestFrame) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) die_of_errno("interface " + interface);
  fd_ = FileDescriptor(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_) die_of_errno("packet socket");
  const int on = 1;
  if (setsockopt(fd_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0) {
    die_of_errno("PACKET_IGNORE_OUTGOING");
  }
  const int asked_bytes = waiting_bytes / 2;  // the kernel doubles it
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &asked_bytes, sizeof(asked_bytes));
  setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes, sizeof(kSendBufferBytes));
  // Frames reach the socket only from here on: none of another interface slips in.
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(index);
  if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    die_of_errno("bind to " + interface);
  }
}

bool RawPort::receive(Frame& frame) {
  const ssize_t bytes = recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
  if (bytes < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ENETDOWN) return false;
    die_of_errno("receiving a frame");
  }
  if (static_cast<size_t>(bytes) > kLargestFrame) die("a frame longer than " + std::to_string(kLargestFrame));
  frame.assign(buffer_.begin(), buffer_.begin() + bytes);
  return true;
}

void RawPort::send(Bytes frame) {
  while (::send(fd_.get(), frame.data(), frame.size(), 0) < 0) {
    if (errno == EINTR || errno == EAGAIN) continue;
    // A receiver that went away is a network's everyday life; so is a frame that is longer than it takes.
    if (errno == ENOBUFS || errno == ENETDOWN || errno == EMSGSIZE) return;
    die_of_errno("sending a frame of " + std::to_string(frame.size()) + " bytes");
  }
}

size_t RawPort::send_all(std::span<const Frame> frames) {
  std::array<mmsghdr, 1024> messages{};
  std::array<iovec, 1024> pieces{};
  const size_t count = std::min(frames.size(), messages.size());
  for (size_t i = 0; i < count; ++i) {
    pieces[i] = {const_cast<uint8_t*>(frames[i].data()), frames[i].size()};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int sent = sendmmsg(fd_.get(), messages.data(), static_cast<unsigned>(count), 0);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (errno == EINTR || errno == EAGAIN || errno == ENOBUFS || errno == ENETDOWN) return 0;
  die_of_errno("sending frames");
}

uint64_t RawPort::dropped() const {
  tpacket_stats stats{};
  socklen_t size = sizeof(stats);
  if (getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) dropped_ += stats.tp_drops;
  return dropped_;
}

}  // namespace cuttle::tools
