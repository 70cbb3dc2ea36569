#include "io/qdisc.hh"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>

namespace cuttle {

int find_qdisc(NetlinkSocket& socket, const Link& device, uint32_t parent, std::optional<Qdisc>& found) {
  // Kernels before 6.8 answer to whoever listens, and to who asked only with NLM_F_ECHO.
  NetlinkMessage message(RTM_GETQDISC, NLM_F_ECHO);
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = static_cast<int>(device.index);
  header.tcm_parent = parent;
  message.put_header(header);
  found.reset();
  const int error = socket.query(message, [&](nlmsghdr* answer) {
    nlattr* attributes[TCA_MAX + 1] = {};
    if (answer->nlmsg_type != RTM_NEWQDISC ||
        nlmsg_parse(answer, sizeof(tcmsg), attributes, TCA_MAX, nullptr) < 0 || !attributes[TCA_KIND]) {
      return;
    }
    found = Qdisc{nla_get_string(attributes[TCA_KIND]),
                  static_cast<const tcmsg*>(nlmsg_data(answer))->tcm_handle};
  });
  // EINVAL: one that the kernel does not show, as a device has before somebody sets another.
  const bool none = error == -ENOENT || error == -EINVAL || error == -ENODEV;
  return none ? 0 : error;
}

}  // namespace cuttle
