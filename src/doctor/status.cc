#include <fmt/format.h>

#include <algorithm>

#include "base/units.hh"
#include "doctor/examine.hh"

namespace cuttle::doctor {

namespace {

constexpr uint64_t kManyCells = 1000;
constexpr uint64_t kManyDamaged = 100;
constexpr uint64_t kManyLate = 100;
constexpr double kTolerableLoss = 0.001;

uint64_t dropped(const LinkStatus& link, const char* cause) {
  const auto found = link.drops.find(cause);
  return found == link.drops.end() ? 0 : found->second;
}

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Why a link is not up, as far as what arrives tells.
Finding why_down(const LinkStatus& link) {
  const std::string what = fmt::format("link {}: {}", link.name, link.state);
  if (link.state == kNoLink) {
    return {Mark::bad,
            what + "; its interface, socket or port could not be had, and the agent's log says why",
            fmt::format("journalctl -u 'cuttle@*' | grep {}; then cuttle reload", link.name)};
  }
  if (dropped(link, "cell_wrong_size") > 0) {
    return {Mark::bad, what + fmt::format("; datagrams come, but not of {} bytes", link.cell_bytes),
            "give both ends the same cell in [shape]"};
  }
  if (dropped(link, "handshake_mac_wrong") > 0 || dropped(link, "handshake_not_genuine") > 0) {
    return {Mark::bad, what + "; handshakes come, but are not for this key or not from the peer's",
            "compare public_key on both ends with what `cuttle show` prints, and the preshared keys"};
  }
  if (dropped(link, "handshake_stale") > 0) {
    return {Mark::bad, what + "; the peer's handshakes are older than one seen before",
            "its time of day was set back: synchronise it, or restart the agent here"};
  }
  if (dropped(link, "icmp_error_ignored") > 0) {
    return {Mark::bad, what + "; something on the way answers with ICMP errors",
            fmt::format("is the agent of {} running, and its port open?", link.name)};
  }
  return {Mark::bad, what + "; nothing comes from " + link.endpoint,
          "start the agent there; let its UDP port through every firewall; check endpoint on both ends"};
}

void examine_calendar(Findings& findings, const LinkStatus& link) {
  const bool is_ladder = link.ladder.has_value();
  const CalendarStatus& calendar = is_ladder ? *link.ladder : *link.calendar;
  if (calendar.peer == "other" || calendar.peer == "none") {
    findings.push_back({is_ladder ? Mark::bad : Mark::unsure,
                        fmt::format("link {}: its peer {} {}", link.name,
                                    calendar.peer == "other" ? "follows another" : "has no",
                                    is_ladder ? "ladder" : "calendar"),
                        is_ladder
                            ? "give all nodes the same [shape.ladder], and restart their agents"
                            : "if that is not meant, give both ends the same rate and [[shape.calendar]]"});
  }
  if (calendar.clocks_apart_ms <= kMaxClocksApart_ms) return;
  findings.push_back(
      {Mark::bad,
       fmt::format("link {}: the clocks of the two nodes are {:.1f} s apart, so they change their rates at "
                   "different times",
                   link.name, static_cast<double>(calendar.clocks_apart_ms) / 1000),
       "synchronise the time of day on both (chrony, systemd-timesyncd)"});
}

constexpr uint64_t kManyEpochs = 10;

void examine_yielding(Findings& findings, const LadderStatus& ladder, const YieldStatus& yields) {
  if (yields.is_cut) {
    findings.push_back({Mark::bad,
                        fmt::format("ladder: the breaker cut, and the rate is the lowest until 00:00 UTC: {}",
                                    yields.why_cut),
                        "the path does not carry even the lowest rate: find what drops, or lower the rates"});
  } else if (yields.ceiling + 1 < ladder.rates_bps.size()) {
    findings.push_back(
        {Mark::unsure,
         fmt::format("ladder: the rate yields to loss and is at most step {} of {}{}{}", yields.ceiling + 1,
                     ladder.rates_bps.size(), yields.lost.empty() ? "" : ": ", yields.lost),
         "the path does not carry the rates above: lower them, or find what drops"});
  }
}

void examine_ladder(Findings& findings, const LadderStatus& ladder) {
  const auto note = [&](Mark mark, std::string what, const char* fix) {
    findings.push_back({mark, "ladder: " + std::move(what), fix});
  };
  note(Mark::good,
       fmt::format("step {} of {}; {:.1f} of {} bits told today", ladder.step + 1, ladder.rates_bps.size(),
                   static_cast<double>(ladder.told_millibits) / 1000, ladder.budget_bits),
       "");
  if (ladder.changes_today >= ladder.changes_per_day) {
    note(Mark::unsure,
         fmt::format("the budget of the day is spent, so the links stay at {} until 00:00 UTC",
                     ladder.yields ? "this rate" : "the top rate"),
         "a larger budget, a longer lower_after, or a load that changes less often");
  } else if (ladder.held_by_budget > 0) {
    note(Mark::unsure,
         fmt::format("in {} epochs the budget held the rate at another step than was said",
                     ladder.held_by_budget),
         "a larger budget, or a longer lower_after");
  }
  if (ladder.yields) examine_yielding(findings, ladder, *ladder.yields);
  if (ladder.held_unsaid > kManyEpochs) {
    note(
        Mark::unsure,
        fmt::format("in {} epochs nobody said a step: the coordinator is not heard", ladder.held_unsaid),
        "every node of a ladder needs a link with every other; look which is down, and whose clock is wrong");
  }
  if (ladder.coordinator_changes > kManyEpochs) {
    note(Mark::unsure, fmt::format("the coordinator changed {} times", ladder.coordinator_changes),
         "a node that comes and goes, or loses many cells: `cuttle status` on each");
  }
  if (ladder.disagreements > kManyEpochs) {
    note(Mark::unsure,
         fmt::format("{} times two steps were said for one epoch; the higher counted", ladder.disagreements),
         "every node of a ladder needs a link with every other");
  }
  if (ladder.out_of_place > kManyEpochs) {
    note(Mark::unsure,
         fmt::format("{} messages were for another epoch than the coming one", ladder.out_of_place),
         "synchronise the time of day on all nodes (chrony, systemd-timesyncd)");
  }
  if (ladder.other_ladder > 0) {
    note(Mark::bad, fmt::format("{} messages came from peers with another ladder", ladder.other_ladder),
         "give all nodes the same [shape.ladder], and restart their agents");
  }
  if (ladder.held_late > kManyEpochs) {
    note(Mark::unsure,
         fmt::format("in {} epochs the agent came too late to change the rate", ladder.held_late),
         "the host is overloaded, or its clock was set forward");
  }
  if (ladder.clock_set_back > 0) {
    note(Mark::unsure, fmt::format("the clock was set back {} times", ladder.clock_set_back),
         "synchronise the time of day (chrony, systemd-timesyncd)");
  }
  if (ladder.messages_dropped > 0) {
    note(Mark::bad,
         fmt::format("{} messages of peers were malformed, too many at once, or in another node's name",
                     ladder.messages_dropped),
         "are all agents of one version?");
  }
}

void examine_link(Findings& findings, const LinkStatus& link, uint64_t checksum_wrong) {
  // This end does not miss them: the other one's cells come all the same.
  if (const uint64_t own = dropped(link, "packet_own_cell"); own > 0) {
    findings.push_back({Mark::bad,
                        fmt::format("link {}: {} of its cells were led into the link itself, and dropped: "
                                    "something changes the mark "
                                    "of what leaves",
                                    link.name, own),
                        "a firewall that sets or restores marks in output (`nft list ruleset`: \"mark set\"; "
                        "CONNMARK): a rule "
                        "before it that accepts what has the mark of the cells (firewall_mark)"});
  }
  if (link.state != "up") {
    findings.push_back(why_down(link));
    return;
  }
  findings.push_back({Mark::good,
                      fmt::format("link {}: up; cells of {} bytes get through both ways, keys agree",
                                  link.name, link.cell_bytes),
                      ""});
  if (link.calendar || link.ladder) {
    examine_calendar(findings, link);
  } else if (link.peer_rate_bps != 0 && link.peer_rate_bps != link.rate_bps) {
    findings.push_back({Mark::unsure,
                        fmt::format("link {}: sends at {}, its peer at {}", link.name,
                                    format_rate(link.rate_bps), format_rate(link.peer_rate_bps)),
                        "if that is not meant, give both ends the same rate"});
  }
  const uint64_t lost = dropped(link, "cell_lost_on_the_way");
  if (lost > kManyCells && share(lost, lost + link.cells_received) > kTolerableLoss) {
    findings.push_back(
        {Mark::bad,
         fmt::format("link {}: {:.2f} % of the peer's cells were lost on the way", link.name,
                     share(lost, lost + link.cells_received) * 100),
         "the path does not carry all rates at once: lower them, or find the port that drops"});
  }
  const uint64_t full = dropped(link, "cell_receive_buffer_full");
  // The kernel counts both alike for a socket, and apart for the whole host.
  const bool are_damaged = checksum_wrong >= full / 2;
  if (full > kManyCells && share(full, link.cells_received) > kTolerableLoss && !are_damaged) {
    findings.push_back({Mark::bad,
                        fmt::format("link {}: {} cells found the receive buffer full", link.name, full),
                        "this host is too busy to receive: more CPU, or lower rates"});
  }
  const uint64_t slots = link.cells_sent / std::max<uint64_t>(link.cells_per_slot, 1);
  if (link.deadlines_missed > 10 && share(link.deadlines_missed, slots) > 1e-4) {
    findings.push_back(
        {Mark::bad, fmt::format("link {}: {} slots were left out", link.name, link.deadlines_missed),
         "give the pacers CPUs of their own ([runtime] cpus), longer slots, or real-time priority"});
  }
}

// What a peer does as a relay, and what came of that.
void examine_relay(Findings& findings, const LinkStatus& link) {
  if (!link.relay) return;
  const auto note = [&](Mark mark, std::string what, const char* fix) {
    findings.push_back({mark, fmt::format("relay {}: ", link.name) + std::move(what), fix});
  };
  const RelayStatus& relay = *link.relay;
  if (link.state == "up" && !relay.peer_takes_part) {
    note(Mark::unsure, "takes no part, so what goes to it has this link alone, and nothing goes by it",
         "enabled = true in its [relay]; a link that has just come up needs a moment");
  }
  if (relay.left_out > 0) {
    note(Mark::bad,
         fmt::format("left out {} times: too few of the packets that it was to pass on came in time",
                     relay.left_out),
         "it drops, delays or alters them: look at its own status, whether it is overloaded, and whether it "
         "is still yours");
  }
  if (const uint64_t altered = dropped(link, "relay_altered"); altered > 0) {
    note(Mark::bad, fmt::format("{} packets that it passed on were altered, and dropped", altered),
         "no honest relay does that: look whether the node is still yours");
  }
  if (const uint64_t repeated = dropped(link, "relay_repeated"); repeated > 0) {
    note(Mark::bad,
         fmt::format("{} packets that it passed on had come before or are too old, and were dropped",
                     repeated),
         "no honest relay does that: look whether the node is still yours");
  }
  if (relay.late > kManyLate && share(relay.late, relay.came_numbered + relay.late) > kTolerableLoss) {
    note(Mark::unsure, fmt::format("{} packets that it passed on came after those behind them", relay.late),
         "it is slow, or the path to it is");
  }
  const uint64_t lies = dropped(link, "relay_not_its_own") + dropped(link, "relay_malformed");
  if (lies > 0) {
    note(Mark::bad, fmt::format("{} packets of it are against the rules of relaying, and were dropped", lies),
         "another version of Cuttle, or a node that is not yours any more");
  }
}

// What lets cells go, and whether the shape hides how late that is.
void examine_timing(Findings& findings, const LinkStatus& link) {
  if (link.state != "up") return;
  if (link.hiding == "tells") {
    findings.push_back({Mark::bad,
                        fmt::format("link {}: its timing tells how busy this host is: who measures gaps for "
                                    "a second is right {:.1f} % "
                                    "of the time",
                                    link.name, link.hiding_permille / 10.0),
                        link.jitter_percent == 0 && !link.scatter
                            ? "take jitter = 0 out of [shape]: fixed intervals hide nothing"
                            : "longer slots, or a host that is less late: a queue to keep time, the CPU's "
                              "frequency and sleep "
                              "(runtime.cpu_latency), interrupts on other CPUs (docs/timing.md)"});
  }
  if (link.queue_empty > 10 &&
      share(link.queue_empty, link.cells_sent / std::max(link.cells_per_slot, 1u)) > 1e-3) {
    findings.push_back(
        {Mark::unsure,
         fmt::format("link {}: {} trains were handed to the queue too late", link.name, link.queue_empty),
         "a longer lead in [runtime], real-time priority, or CPUs of its own"});
  }
  if (link.queue_sent_again > 0) {
    findings.push_back(
        {Mark::unsure,
         fmt::format(
             "link {}: etf has dropped {} trains of this node as too late, and its thread sent them again, "
             "at other instants",
             link.name, link.queue_sent_again),
         "a clock that is not set while the agent runs, and a larger delta (docs/timing.md, \"etf\")"});
  }
  if (link.queue_dropped > link.queue_sent_again) {
    findings.push_back(
        {Mark::bad,
         fmt::format("link {}: the interface's own queue has dropped {} packets, perhaps cells, "
                     "and their number shows how busy this host is",
                     link.name, link.queue_dropped - link.queue_sent_again),
         "a shorter lead in [runtime], or higher limits of fq (flow_limit, limit; tc-fq(8)); with etf, a "
         "priority that nobody else's packets have"});
  }
}

}  // namespace

Findings examine_status(const StatusSnapshot& status) {
  Findings findings;
  findings.push_back({Mark::good, fmt::format("the agent of {} answers", status.node), ""});
  if (!status.watched) {
    findings.push_back({Mark::bad, "nobody watches the agent's routes and guard: " + status.watched_why_not,
                        "restart the agent"});
  }
  if (!status.queue_why_not.empty()) {
    findings.push_back(
        {Mark::unsure, "no queue keeps time, the agent's own thread does: " + status.queue_why_not,
         "docs/timing.md, \"A queue is the clock\" and \"Queue or txtime\", says what one needs"});
  }
  if (!status.guard.way_trouble.empty()) {
    findings.push_back({Mark::bad, status.guard.way_trouble,
                        "`ip rule` and `ip route` show what leads there; a rule can be put behind Cuttle's, "
                        "or rule_preference in [node] before it"});
  }
  if (status.guard.checksum_wrong > kManyDamaged) {
    findings.push_back({Mark::bad,
                        fmt::format("{} UDP datagrams came with a wrong checksum since the agent started",
                                    status.guard.checksum_wrong),
                        "a card or cable on the way, or a sender whose kernel cuts trains of datagrams "
                        "wrongly: segmentation = false "
                        "in its [runtime] sends them one by one"});
  }
  if (status.ladder) examine_ladder(findings, *status.ladder);
  for (const LinkStatus& link : status.links) {
    examine_link(findings, link, status.guard.checksum_wrong);
    examine_timing(findings, link);
    examine_relay(findings, link);
  }
  return findings;
}

}  // namespace cuttle::doctor
