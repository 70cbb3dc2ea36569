// Programs of ours at the traffic control hooks of a device: direct-action cls_bpf filters on a clsact qdisc.
// They see what nftables does not: frames of guests that are bridged or sit on the device as macvlan. They
// stay in the kernel when the process ends, and no `nft flush ruleset` removes them; a deleted device, or one
// that moves to another network namespace, loses them. What others put there is never changed. Acts on the
// network namespace of the calling thread; needs CAP_NET_ADMIN, except for looking.
//
// Filters of one hook run in the order of their preference until one gives a verdict: a program that is not
// the last must end with TC_ACT_UNSPEC (go on) rather than TC_ACT_OK (pass, and ask no further).
// Source: tc-bpf(8); Linux net/sched/sch_ingress.c, net/sched/cls_bpf.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "io/links.hh"

namespace cuttle {

enum class TrafficHook : uint8_t { ingress, egress };

// Where a filter of ours sits. `tc filter show` prints "OWNER" or "OWNER VERSION" as its name; one at the
// same preference and handle whose name begins with another word is not ours.
struct FilterPlace {
  TrafficHook hook = TrafficHook::egress;
  uint16_t preference = 0;  // 1 to 65535; the smallest sees a packet first
  uint32_t handle = 1;
  std::string_view owner;  // one word, such as "cuttle-lock"
};

struct TrafficFilter {
  std::string kind;  // "bpf", "u32", "matchall", ...
  uint16_t preference = 0;
  uint32_t handle = 0;
  std::string name;         // of a "bpf" one
  std::string version;      // what follows the owner's word in it
  uint32_t program_id = 0;  // as `bpftool prog` lists it

  bool belongs_to(std::string_view owner) const;
};

// Makes sure that there is a clsact qdisc. One that is there stays as it is, and so does an "ingress" qdisc
// of somebody's, which has no egress and is an error.
Result<void> ensure_clsact(const Link& device);
// Removes it where it has no filter of anybody's. No error when there is none.
Result<void> remove_unused_clsact(const Link& device);

// Puts a loaded BPF_PROG_TYPE_SCHED_CLS program in its place, in one step where one of ours is there: every
// packet meets the old one or the new one. Makes the qdisc. An error when somebody else's filter is there.
// The kernel keeps the program: the descriptor may be closed.
Result<void> set_filter(const Link& device, const FilterPlace& place, int program,
                        std::string_view version = {});
// Ours in that place; nothing when there is none, or no such device any more.
Result<std::optional<TrafficFilter>> find_filter(const Link& device, const FilterPlace& place);
// None there is no error; somebody else's stays.
Result<void> remove_filter(const Link& device, const FilterPlace& place);

// All at that hook, whosever; of other kinds than "bpf" perhaps with more entries than filters.
Result<std::vector<TrafficFilter>> list_filters(const Link& device, TrafficHook hook);

}  // namespace cuttle
