#include "io/instant_queue.hh"

#include <fmt/format.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "io/clock.hh"
#include "io/links.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

// Of fq, where the kernel does not say (sch_fq.c).
constexpr uint32_t kDefaultFlowLimit = 100;

struct Queue {
  std::string kind;
  uint32_t handle = 0;
  uint32_t parent = 0;
  uint32_t flow_limit = kDefaultFlowLimit;
  uint64_t dropped = 0;
};

void read_details(nlattr* const* attributes, Queue& queue) {
  if (queue.kind == "fq" && attributes[TCA_OPTIONS] != nullptr) {
    nlattr* options[TCA_FQ_MAX + 1] = {};
    if (nla_parse_nested(options, TCA_FQ_MAX, attributes[TCA_OPTIONS], nullptr) == 0 &&
        options[TCA_FQ_FLOW_PLIMIT] != nullptr) {
      queue.flow_limit = nla_get_u32(options[TCA_FQ_FLOW_PLIMIT]);
    }
  }
  if (attributes[TCA_STATS2] == nullptr) return;
  nlattr* counts[TCA_STATS_MAX + 1] = {};
  if (nla_parse_nested(counts, TCA_STATS_MAX, attributes[TCA_STATS2], nullptr) < 0) return;
  nlattr* of_queue = counts[TCA_STATS_QUEUE];
  if (of_queue == nullptr) return;
  gnet_stats_queue read{};
  std::memcpy(&read, nla_data(of_queue), std::min(sizeof(read), static_cast<size_t>(nla_len(of_queue))));
  queue.dropped = read.drops;
}

int find_queues(NetlinkSocket& socket, uint32_t interface_index, std::vector<Queue>& queues) {
  queues.clear();
  NetlinkMessage message(RTM_GETQDISC, NLM_F_DUMP);
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = static_cast<int>(interface_index);
  message.put_header(header);
  return socket.query(message, [&](nlmsghdr* answer) {
    nlattr* attributes[TCA_MAX + 1] = {};
    if (answer->nlmsg_type != RTM_NEWQDISC ||
        nlmsg_parse(answer, sizeof(tcmsg), attributes, TCA_MAX, nullptr) < 0 || !attributes[TCA_KIND]) {
      return;
    }
    const auto* about = static_cast<const tcmsg*>(nlmsg_data(answer));
    // The kernel gives all interfaces', whichever was asked for.
    if (static_cast<uint32_t>(about->tcm_ifindex) != interface_index) return;
    Queue queue;
    queue.kind = nla_get_string(attributes[TCA_KIND]);
    queue.handle = about->tcm_handle;
    queue.parent = about->tcm_parent;
    read_details(attributes, queue);
    queues.push_back(std::move(queue));
  });
}

InstantQueue none(std::string why_not, bool is_unknown = false) {
  InstantQueue queue;
  queue.why_not = std::move(why_not);
  queue.is_unknown = is_unknown;
  return queue;
}

}  // namespace

InstantQueue look_at_instant_queue(std::string_view interface) {
  const std::string name(interface);
  if (const Duration ahead = monotonic_offset(); ahead.ns != 0) {
    return none(
        fmt::format("this process is in a time namespace, whose clock is {} s {} the one that queues go by; "
                    "start it outside",
                    std::abs(ahead.ns / 1'000'000'000), ahead.ns > 0 ? "ahead of" : "behind"));
  }
  const std::string help = fmt::format("`tc qdisc replace dev {} root fq` makes it so", name);
  const auto link = find_link(name);
  if (!link) return none(link.error().message, true);
  if (!*link) return none(fmt::format("there is no interface {}", name));
  auto socket = NetlinkSocket::open();
  if (!socket) return none(socket.error().message, true);
  std::vector<Queue> queues;
  if (const int error = find_queues(*socket, (*link)->index, queues); error < 0) {
    return none(fmt::format("cannot look at the queues of {}: {}", name, os_error_text(-error)), true);
  }
  const auto root = std::ranges::find(queues, TC_H_ROOT, &Queue::parent);
  if (root == queues.end() || root->kind == "noqueue") {
    return none(fmt::format("{} has no queue, so none that reads instants; {}", name, help));
  }
  if (root->kind == "fq") return {"", false, root->flow_limit, root->dropped};
  if (root->kind != "mq") {
    return none(fmt::format("the queue of {} is {}, which reads no instants; {}", name, root->kind, help));
  }
  InstantQueue all{"", false, UINT32_MAX, 0};
  for (const Queue& queue : queues) {
    if (queue.parent == TC_H_ROOT || TC_H_MAJ(queue.parent) != TC_H_MAJ(root->handle)) continue;
    if (queue.kind != "fq") {
      return none(fmt::format("a queue of {} is {}, which reads no instants; {}", name, queue.kind, help));
    }
    all.max_waiting = std::min(all.max_waiting, queue.flow_limit);
    all.dropped += queue.dropped;
  }
  return all;
}

}  // namespace cuttle
