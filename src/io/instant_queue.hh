// An interface's own queue, where it lets each packet go at the instant that stands on it (SO_TXTIME): fq, as
// its only queue or as each of those of a card with several (mq); or etf, below prio or mqprio, for what has
// one priority. For etf alone drops all that carries no instant, so nothing else could leave. Looking takes
// no privilege. Acts on the network namespace of the calling thread. Source: tc-fq(8), tc-etf(8), tc-prio(8),
// tc-mqprio(8); Linux net/sched/sch_fq.c, sch_etf.c, sch_prio.c, sch_mqprio.c, sch_mq.c,
// include/uapi/linux/pkt_sched.h. The kernel takes instants as they stand, on its own clock: a process in a
// time namespace has another one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/instant_rules.hh"

namespace cuttle {

struct InstantQueue {
  // Why it reads no instants, in one line with what would help; empty where it does, and only then the rest
  // holds.
  std::string why_not;
  bool is_unknown = false;   // it could not be looked at: why_not says why
  uint32_t max_waiting = 0;  // packets of one socket; what comes beyond is dropped (fq's flow_limit)
  uint64_t dropped = 0;      // packets, anybody's, since it was set up
  InstantRules rules = {};
};

InstantQueue look_at_instant_queue(std::string_view interface);

}  // namespace cuttle
