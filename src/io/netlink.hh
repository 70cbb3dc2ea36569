// Talking rtnetlink to the kernel, over libnl: a socket, and messages built attribute by attribute. Used by
// links.cc, routes.cc, addresses.cc, qdisc.cc, traffic_control.cc, rule_messages.cc and who uses it, and the
// clock device's files only.
// Source: RFC 3549; Linux include/uapi/linux/rtnetlink.h.
#pragma once

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/bytes.hh"
#include "base/ip.hh"
#include "base/result.hh"

namespace cuttle {

// A message under construction. Running out of room is a broken invariant: nearly all of ours are short.
class NetlinkMessage {
 public:
  NetlinkMessage(int type, int flags, size_t room_bytes = 4096);

  // The fixed structure that follows the netlink header (ifinfomsg, rtmsg, ...).
  template <typename Header>
  void put_header(const Header& header) {
    append(&header, sizeof(header));
  }
  void put_u8(int attribute, uint8_t value) { put(attribute, &value, sizeof(value)); }
  void put_u32(int attribute, uint32_t value) { put(attribute, &value, sizeof(value)); }
  void put_text(int attribute, std::string_view text);  // with its terminating zero
  void put_address(int attribute, const IpAddress& address) {
    put(attribute, address.bytes.data(), address.size());
  }
  void put(int attribute, const void* data, size_t size);  // anything else
  nlattr* begin_nest(int attribute);
  void end_nest(nlattr* nest);

  nl_msg* raw() const { return message_.get(); }

 private:
  void append(const void* data, size_t size);

  std::unique_ptr<nl_msg, decltype(&nlmsg_free)> message_;
};

// One rtnetlink socket of the network namespace in which it was opened. Not for use by two threads at once.
class NetlinkSocket {
 public:
  static Result<NetlinkSocket> open();

  // Sends a request and waits for the kernel's answer: 0, or a negative error number of the system's.
  int request(NetlinkMessage& message);
  // Sends a dump or get request; `each` sees every message of the answer. 0 or a negative error number. Of a
  // dump only whole ones: where something changed while the kernel gave it, it is asked for again, and
  // -EAGAIN after kDumpAttempts.
  int query(NetlinkMessage& message, const std::function<void(nlmsghdr*)>& each);
  static constexpr int kDumpAttempts = 16;

  // From now on the kernel heeds what a dump's request asks for; without it, it gives all there is. A kernel
  // that cannot goes on as before, so whoever asks still has to look.
  void ask_strictly();

  // For tests: asks that port of another Netlink protocol instead of the kernel's routing.
  static Result<NetlinkSocket> open_to(int protocol, uint32_t port);

 private:
  // An exchange's error, or that it was interrupted.
  int exchange_once(NetlinkMessage& message, const std::function<void(nlmsghdr*)>& each, bool& interrupted);

  explicit NetlinkSocket(nl_sock* socket) : socket_(socket, &nl_socket_free) {}

  std::unique_ptr<nl_sock, decltype(&nl_socket_free)> socket_;
};

// An address attribute's bytes as an address; 0.0.0.0 when the size is neither 4 nor 16.
IpAddress address_from(const nlattr* attribute);

// What the kernel answers about a version of IP that this machine, or this device, does without.
bool is_unsupported(int error);

inline constexpr uint8_t kIpFamilies[] = {AF_INET, AF_INET6};
// One of them.
uint8_t family_of(const IpAddress& address);

}  // namespace cuttle
