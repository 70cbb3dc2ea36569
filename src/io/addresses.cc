// The machine's own addresses (routes.hh).
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "io/interface_index.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"
#include "io/routes.hh"

namespace cuttle {

Result<std::vector<LocalAddress>> local_addresses() {
  auto socket = NetlinkSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  NetlinkMessage message(RTM_GETADDR, NLM_F_DUMP);
  message.put_header(ifaddrmsg{});
  std::vector<LocalAddress> addresses;
  const int error = socket->query(message, [&](nlmsghdr* answer) {
    const auto* header = static_cast<const ifaddrmsg*>(nlmsg_data(answer));
    nlattr* attributes[IFA_MAX + 1] = {};
    if (answer->nlmsg_type != RTM_NEWADDR ||
        nlmsg_parse(answer, sizeof(ifaddrmsg), attributes, IFA_MAX, nullptr) < 0) {
      return;
    }
    // On a point-to-point interface IFA_ADDRESS is the other end; IPv6 often has only that one.
    const nlattr* own = attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
    if (own == nullptr) return;
    addresses.push_back({address_from(own), header->ifa_prefixlen, interface_name(header->ifa_index)});
  });
  if (error != 0) return os_failure("cannot list the machine's addresses", -error);
  return addresses;
}

}  // namespace cuttle
