#include "io/instant_queue.hh"

#include <fmt/format.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <vector>

#include "base/units.hh"
#include "io/clock.hh"
#include "io/links.hh"
#include "io/netlink.hh"
#include "io/os_error.hh"

namespace cuttle {

namespace {

// Of fq, where the kernel does not say (sch_fq.c).
constexpr uint32_t kDefaultFlowLimit = 100;

// What cells can have as their priority, the least usual first; 5 is the lock's (queue_priority.hh). What the
// kernel itself and routing daemons send has 0 or 7.
constexpr uint32_t kPriorities[] = {3, 1, 2, 4, 6};
constexpr uint32_t kOthersPriorities[] = {0, TC_PRIO_CONTROL};

struct Queue {
  std::string kind;
  uint32_t handle = 0;
  uint32_t parent = 0;
  uint32_t flow_limit = kDefaultFlowLimit;
  uint64_t dropped = 0;
  std::optional<tc_etf_qopt> etf;
  std::optional<tc_prio_qopt> prio;
  std::optional<tc_mqprio_qopt> mqprio;
};

// What an attribute begins with.
template <typename Value>
std::optional<Value> value_of(nlattr* attribute) {
  if (attribute == nullptr || static_cast<size_t>(nla_len(attribute)) < sizeof(Value)) return std::nullopt;
  Value value;
  std::memcpy(&value, nla_data(attribute), sizeof(value));
  return value;
}

void read_options(nlattr* options, Queue& queue) {
  if (options == nullptr) return;
  if (queue.kind == "prio") queue.prio = value_of<tc_prio_qopt>(options);
  if (queue.kind == "mqprio") queue.mqprio = value_of<tc_mqprio_qopt>(options);
  nlattr* parts[std::max<int>(TCA_FQ_MAX, TCA_ETF_MAX) + 1] = {};
  if (queue.kind == "fq" && nla_parse_nested(parts, TCA_FQ_MAX, options, nullptr) == 0) {
    queue.flow_limit = value_of<uint32_t>(parts[TCA_FQ_FLOW_PLIMIT]).value_or(kDefaultFlowLimit);
  }
  if (queue.kind == "etf" && nla_parse_nested(parts, TCA_ETF_MAX, options, nullptr) == 0) {
    queue.etf = value_of<tc_etf_qopt>(parts[TCA_ETF_PARMS]);
  }
}

void read_details(nlattr* const* attributes, Queue& queue) {
  read_options(attributes[TCA_OPTIONS], queue);
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

// --- etf, below a queue that sorts by priority

std::string alone(const std::string& name) {
  return fmt::format(
      "the queue of {} is etf, which drops all that carries no instant, so all that others send; put it "
      "below "
      "prio or mqprio (docs/timing.md, \"etf\")",
      name);
}

// Which of that queue's classes a priority leads to, and what stands there.
struct Sorted {
  const std::vector<Queue>& queues;
  const Queue& root;

  uint32_t class_of(uint32_t priority) const {
    return root.prio ? root.prio->priomap[priority] : root.mqprio->prio_tc_map[priority];
  }
  // Of mqprio a class is some of the card's queues.
  std::vector<const Queue*> in_class(uint32_t number) const {
    const uint32_t first = root.prio ? number : root.mqprio->offset[number];
    const uint32_t count = root.prio ? 1 : root.mqprio->count[number];
    std::vector<const Queue*> found;
    for (uint32_t i = first; i < first + count; ++i) {
      const uint32_t parent = TC_H_MAKE(TC_H_MAJ(root.handle), i + 1);
      const auto at = std::ranges::find(queues, parent, &Queue::parent);
      found.push_back(at == queues.end() ? nullptr : &*at);
    }
    return found;
  }
  bool is_etf(uint32_t number) const {
    const auto all = in_class(number);
    return !all.empty() &&
           std::ranges::all_of(all, [](const Queue* queue) { return queue != nullptr && queue->etf; });
  }
};

std::string why_not_etf(const tc_etf_qopt& etf, const std::string& name) {
  const bool by_card = (etf.flags & TC_ETF_OFFLOAD_ON) != 0;
  if (etf.clockid != CLOCK_TAI) return fmt::format("etf on {} does not go by CLOCK_TAI", name);
  if ((etf.flags & TC_ETF_DEADLINE_MODE_ON) != 0) {
    return fmt::format("etf on {} is in deadline_mode, in which it lets all go at once; leave that out",
                       name);
  }
  if (!by_card && etf.delta < InstantRules::kLeastDelta.ns) {
    return fmt::format(
        "etf on {} drops what is more than its delta of {} late, and how much that is shows how busy this "
        "host "
        "is; delta {} or more costs nothing where etf has no offload",
        name, format_duration(Duration{etf.delta}), InstantRules::kLeastDelta.ns);
  }
  return "";
}

InstantQueue look_at_sorted(const Sorted& sorted, const std::string& name) {
  const auto priority = std::ranges::find_if(
      kPriorities, [&](uint32_t priority) { return sorted.is_etf(sorted.class_of(priority)); });
  if (priority == std::end(kPriorities)) {
    return none(fmt::format("no class of {} on {} is etf, or none that the priorities 1 to 4 or 6 lead to",
                            sorted.root.kind, name));
  }
  const uint32_t number = sorted.class_of(*priority);
  if (std::ranges::any_of(kOthersPriorities,
                          [&](uint32_t other) { return sorted.class_of(other) == number; })) {
    return none(fmt::format(
        "etf on {} gets what carries no instant as well (priorities 0 and 7), and drops it; give it a "
        "priority of its own in the map of {}",
        name, sorted.root.kind));
  }
  const auto all = sorted.in_class(number);
  const tc_etf_qopt& etf = *all.front()->etf;
  InstantQueue found{"", false, UINT32_MAX, 0};
  found.rules = {(etf.flags & TC_ETF_OFFLOAD_ON) != 0 ? InstantQueueKind::etf_of_card : InstantQueueKind::etf,
                 Duration{etf.delta}, *priority};
  for (const Queue* queue : all) {
    found.dropped += queue->dropped;
    if (std::string why_not = why_not_etf(*queue->etf, name); !why_not.empty())
      return none(std::move(why_not));
    if (queue->etf->delta != etf.delta || queue->etf->flags != etf.flags) {
      return none(fmt::format("the etf queues of one class on {} are not alike", name));
    }
  }
  return found;
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
  if (root->prio || root->mqprio) return look_at_sorted({queues, *root}, name);
  if (root->kind == "etf") return none(alone(name));
  if (root->kind != "mq") {
    return none(fmt::format("the queue of {} is {}, which reads no instants; {}", name, root->kind, help));
  }
  InstantQueue all{"", false, UINT32_MAX, 0};
  for (const Queue& queue : queues) {
    if (queue.parent == TC_H_ROOT || TC_H_MAJ(queue.parent) != TC_H_MAJ(root->handle)) continue;
    if (queue.kind == "etf") return none(alone(name));
    if (queue.kind != "fq") {
      return none(fmt::format("a queue of {} is {}, which reads no instants; {}", name, queue.kind, help));
    }
    all.max_waiting = std::min(all.max_waiting, queue.flow_limit);
    all.dropped += queue.dropped;
  }
  return all;
}

}  // namespace cuttle
