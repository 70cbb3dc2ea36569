#include "io/borrowed_route.hh"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "base/bytes.hh"
#include "io/entropy.hh"
#include "io/interface_index.hh"
#include "io/os_error.hh"
#include "io/routes.hh"
#include "io/rule_messages.hh"
#include "io/socket_address.hh"

namespace cuttle {
namespace {

// Before every other rule but the local table's. Nobody's packets but this socket's have the mark.
constexpr uint32_t kPreference = 1;
// Far from what people use, and gone within the call; where somebody ends the process in it, with the next
// start (remove_borrowed_routes).
constexpr uint32_t kTable = 0xC0771E00;

NetlinkMessage loan_rule(int type, int flags, uint8_t family, uint32_t mark) {
  NetlinkMessage message = rule_message(type, flags, {.family = family});
  message.put_u32(FRA_PRIORITY, kPreference);
  message.put_u32(FRA_FWMARK, mark);
  message.put_u32(FRA_FWMASK, UINT32_MAX);
  message.put_u32(FRA_TABLE, kTable);
  return message;
}

NetlinkMessage route_message(int type, int flags, const IpAddress& to, uint32_t interface) {
  NetlinkMessage message(type, flags);
  rtmsg header{};
  header.rtm_family = family_of(to);
  header.rtm_dst_len = static_cast<uint8_t>(to.size() * 8);
  header.rtm_table = RT_TABLE_UNSPEC;
  header.rtm_protocol = kRouteProtocol;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = to.is_v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  message.put_header(header);
  message.put_u32(RTA_TABLE, kTable);
  message.put_address(RTA_DST, to);
  message.put_u32(RTA_OIF, interface);
  return message;
}

// Takes rule and route away again, however the call ends.
class Loan {
 public:
  Loan(NetlinkSocket& socket, const IpAddress& to, uint32_t interface, uint32_t mark)
      : socket_(socket), to_(to), interface_(interface), mark_(mark) {}
  Loan(const Loan&) = delete;
  ~Loan() {
    NetlinkMessage rule = loan_rule(RTM_DELRULE, 0, family_of(to_), mark_);
    (void)socket_.request(rule);
    NetlinkMessage route = route_message(RTM_DELROUTE, 0, to_, interface_);
    (void)socket_.request(route);
  }
  int begin() {
    NetlinkMessage route = route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, to_, interface_);
    if (const int error = socket_.request(route); error != 0) return error;
    NetlinkMessage rule = loan_rule(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family_of(to_), mark_);
    return socket_.request(rule);
  }

 private:
  NetlinkSocket& socket_;
  IpAddress to_;
  uint32_t interface_;
  uint32_t mark_;
};

bool set_mark(int fd, uint32_t mark) {
  return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0;
}

uint32_t random_mark() {
  uint8_t bytes[4];
  fill_with_entropy(bytes);
  return load_be32(bytes) | 1;
}

}  // namespace

Result<void> connect_without_route(int fd, const IpAddress& local, const Endpoint& remote,
                                   uint32_t firewall_mark) {
  const std::string what = fmt::format("cannot connect to {}, which no route leads to", remote.to_string());
  const auto addresses = local_addresses();
  if (!addresses) return tl::unexpected(addresses.error());
  const auto ours = std::find_if(addresses->begin(), addresses->end(),
                                 [&](const LocalAddress& one) { return one.address == local; });
  if (ours == addresses->end())
    return failure(what + ": " + local.to_string() + " is no address of this machine");
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  const uint32_t mark = random_mark();
  Loan loan(*socket, remote.address, interface_index(ours->interface), mark);
  if (const int error = loan.begin(); error != 0) return os_failure(what, -error);
  if (!set_mark(fd, mark)) return os_failure(what, errno);
  const SocketAddress address = socket_address(remote);
  const int connected = connect(fd, address.raw(), address.size) == 0 ? 0 : errno;
  // It forgets the way that it was lent.
  if (!set_mark(fd, firewall_mark)) return os_failure(what, errno);
  return connected == 0 ? Result<void>() : os_failure(what, connected);
}

Result<void> remove_borrowed_routes() {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  struct Left {
    uint8_t family;
    uint32_t mark;
  };
  std::vector<Left> left;
  const auto listed = list_all_rules(*socket, [&](const RuleAnswer& rule) {
    if (rule.is_ours() && rule.number(FRA_TABLE) == kTable) {
      left.push_back({rule.header().family, rule.number(FRA_FWMARK)});
    }
  });
  if (!listed) return listed;
  for (const Left& one : left) {
    NetlinkMessage rule = loan_rule(RTM_DELRULE, 0, one.family, one.mark);
    const int error = socket->request(rule);
    if (error != 0 && error != -ENOENT) return os_failure("cannot remove a rule that was lent", -error);
  }
  return remove_all_routes(kTable);
}

}  // namespace cuttle
