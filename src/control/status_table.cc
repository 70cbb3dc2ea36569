#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/format.hh"
#include "base/text_table.hh"
#include "base/units.hh"
#include "control/humanise.hh"
#include "control/status.hh"

namespace cuttle {

namespace {

std::string duration_text(uint64_t ns) {
  return format_duration(nanoseconds(static_cast<int64_t>(ns)));
}

std::string shape_text(const LinkStatus& link) {
  std::string text =
      fmt::format("{} x {} B every {}", link.cells_per_slot, link.cell_bytes, duration_text(link.slot_ns));
  if (link.lanes > 1) text += fmt::format(", {} lanes", link.lanes);
  if (link.jitter_percent > 0) text += fmt::format(", jitter {} %", link.jitter_percent);
  if (link.scatter) text += ", scattered";
  return text;
}

std::set<std::string> release_queues(const StatusSnapshot& status) {
  std::set<std::string> queues;
  for (const LinkStatus& link : status.links) {
    if (!link.release_queue.empty()) queues.insert(link.release_queue);
  }
  return queues;
}

std::string head(const StatusSnapshot& status) {
  std::string text = fmt::format("node {}: cuttle {}, up {}, driver {}, {}\n", status.node, status.version,
                                 human_age(status.uptime_s), status.driver, status.backend);
  text +=
      status.realtime ? "  real time: yes\n" : fmt::format("  real time: NO, {}\n", status.realtime_why_not);
  if (!status.queue_why_not.empty()) {
    text += fmt::format("  no queue keeps time, so the agent's own thread does: {}\n", status.queue_why_not);
  }
  for (const std::string& queue : release_queues(status)) {
    text += fmt::format("  cells are released by {}\n", queue);
  }
  if (!status.preshared_why_not.empty()) {
    text += fmt::format("  PRESHARED KEYS are not renewed: {}\n", status.preshared_why_not);
  }
  if (!status.watched) text += fmt::format("  routes and guard watched: NO, {}\n", status.watched_why_not);
  text += fmt::format("  unshaped packets stopped: {} coming in, {} going out\n",
                      grouped(status.guard.unshaped_dropped_in), grouped(status.guard.unshaped_dropped_out));
  if (!status.guard.way_trouble.empty()) text += fmt::format("  WRONG WAY: {}\n", status.guard.way_trouble);
  text += fmt::format("  datagrams of unknown sources dropped: {}\n",
                      grouped(status.guard.unknown_sources_dropped));
  return text;
}

std::string links_table(const StatusSnapshot& status) {
  TextTable table({{"link"}, {"state"}, {"session"}, {"endpoint"}, {"rate", true}, {"shape"}});
  for (const LinkStatus& link : status.links) {
    table.add({link.name, link.open ? link.state + ", OPEN" : link.state,
               link.session_age_s ? human_age(*link.session_age_s) : "-", link.endpoint,
               format_rate(link.rate_bps), shape_text(link)});
  }
  return table.to_string();
}

constexpr uint64_t kLatest_s = 253'402'300'799;  // the end of the year 9999

std::string clocks_line(const std::string& link, const CalendarStatus& calendar) {
  return fmt::format("  {}: THE CLOCKS of the two nodes are {} APART\n", link,
                     format_duration(milliseconds(static_cast<int64_t>(calendar.clocks_apart_ms))));
}

// "  mon: by its calendar 400 Mb/s from Mon 22:00 UTC on"
std::string calendar_lines(const StatusSnapshot& status) {
  std::string text;
  for (const LinkStatus& link : status.links) {
    if (!link.calendar || link.calendar->next_at_s == 0 || link.calendar->next_at_s > kLatest_s) continue;
    const CalendarStatus& calendar = *link.calendar;
    const auto when = static_cast<std::time_t>(calendar.next_at_s);
    text += fmt::format("  {}: by its calendar {} from {:%a %H:%M} UTC on{}\n", link.name,
                        format_rate(calendar.next_rate_bps), fmt::gmtime(when),
                        calendar.peer == "other"  ? "; THE PEER'S CALENDAR IS ANOTHER"
                        : calendar.peer == "none" ? "; THE PEER HAS NO CALENDAR"
                                                  : "");
    if (calendar.clocks_apart_ms > kMaxClocksApart_ms) {
      text += clocks_line(link.name, calendar);
    }
  }
  return text;
}

// "  mon: preshared key renewed 3 h ago"
std::string preshared_lines(const StatusSnapshot& status) {
  std::string text;
  for (const LinkStatus& link : status.links) {
    if (!link.preshared) continue;
    const PresharedStatus& preshared = *link.preshared;
    text += fmt::format("  {}: {}", link.name,
                        !preshared.peer_takes_part ? "THE PEER RENEWS NO PRESHARED KEY"
                        : preshared.age_s
                            ? fmt::format("preshared key renewed {} ago", human_age(*preshared.age_s))
                            : "no renewed preshared key in use yet");
    if (preshared.lost > 0) text += fmt::format("; LOST {} times by one of the two", grouped(preshared.lost));
    text += "\n";
  }
  return text;
}

// "  yields: at most 50 Mb/s; osd1 lost 3.2 % of this node's cells"
std::string yielding_lines(const LadderStatus& ladder, const YieldStatus& yields) {
  if (yields.ceiling >= ladder.rates_bps.size()) return "";
  std::string text = fmt::format("  yields: at most {}; {}\n", format_rate(ladder.rates_bps[yields.ceiling]),
                                 yields.lost.empty() ? "what is lost is not known yet" : yields.lost);
  if (yields.is_cut) text += fmt::format("  THE BREAKER CUT until 00:00 UTC: {}\n", yields.why_cut);
  return text;
}

// "  ladder: 50 Mb/s, of 50 Mb/s and 400 Mb/s; 12.3 of 48 bits told today (1 of 4 changes); mon coordinates"
std::string ladder_lines(const StatusSnapshot& status) {
  if (!status.ladder) return "";
  const LadderStatus& ladder = *status.ladder;
  if (ladder.step >= ladder.rates_bps.size()) return "";
  std::string rates;
  for (const uint64_t rate_bps : ladder.rates_bps)
    rates += (rates.empty() ? "" : ", ") + format_rate(rate_bps);
  std::string text = fmt::format(
      "  ladder: {} (of {}); {:.1f} of {} bits told today, {} of {} changes{}\n",
      format_rate(ladder.rates_bps[ladder.step]), rates, static_cast<double>(ladder.told_millibits) / 1000,
      ladder.budget_bits, ladder.changes_today, ladder.changes_per_day,
      ladder.coordinator.empty() ? "" : fmt::format("; {} coordinates", ladder.coordinator));
  if (ladder.changes_today >= ladder.changes_per_day) text += "  THE BUDGET IS SPENT until 00:00 UTC\n";
  if (ladder.yields) text += yielding_lines(ladder, *ladder.yields);
  for (const LinkStatus& link : status.links) {
    if (!link.ladder) continue;
    if (link.ladder->peer == "other" || link.ladder->peer == "none") {
      text += fmt::format("  {}: THE PEER HAS {}\n", link.name,
                          link.ladder->peer == "other" ? "ANOTHER LADDER" : "NO LADDER");
    }
    if (link.ladder->clocks_apart_ms > kMaxClocksApart_ms) text += clocks_line(link.name, *link.ladder);
  }
  return text;
}

// "  osd1: 120 packets to it went by relays, 300 by it; ..."
std::string relay_lines(const StatusSnapshot& status) {
  std::string text;
  for (const LinkStatus& link : status.links) {
    if (!link.relay) continue;
    const RelayStatus& relay = *link.relay;
    text += fmt::format("  relay {}: {}{} packets to it by relays, {} passed on over it ({})", link.name,
                        relay.peer_takes_part ? "" : "TAKES NO PART; ", grouped(relay.sent_by_relays),
                        grouped(relay.passed_on), human_bytes(relay.passed_on_bytes));
    if (relay.left_out > 0) text += fmt::format("; LEFT OUT {} times as a relay", grouped(relay.left_out));
    text += "\n";
  }
  return text;
}

std::string traffic_table(const StatusSnapshot& status) {
  TextTable table({{"traffic"}, {""}, {"cells", true}, {"dummy", true}, {"packets", true}, {"bytes", true}});
  for (const LinkStatus& link : status.links) {
    table.add({link.name, "sent", grouped(link.cells_sent),
               human_share(link.cells_sent_dummy, link.cells_sent), grouped(link.packets_sent),
               human_bytes(link.bytes_sent)});
    table.add({"", "received", grouped(link.cells_received),
               human_share(link.cells_received_dummy, link.cells_received), grouped(link.packets_received),
               human_bytes(link.bytes_received)});
  }
  return table.to_string();
}

// In one word and one figure, whether the shape hides this host's lateness.
std::string hiding_text(const LinkStatus& link) {
  if (link.hiding.empty()) return "-";
  return fmt::format("{}, 0.{:03}", link.hiding, std::min(link.hiding_permille, 999u));
}

std::string timing_table(const StatusSnapshot& status) {
  TextTable table({{"timing"},
                   {"by"},
                   {"late p50", true},
                   {"p99", true},
                   {"p99.9", true},
                   {"pauses", true},
                   {"missed", true},
                   {"sessions", true},
                   {"load"}});
  for (const LinkStatus& link : status.links) {
    const bool by_queue = link.release == "queue";
    const LatenessStatus& late = by_queue ? link.wire_lateness : link.lateness;
    table.add({link.name,
               link.lead_ns > 0 && (by_queue || link.release == "txtime")
                   ? fmt::format("{}, {} ahead", link.release, duration_text(link.lead_ns))
                   : link.release,
               duration_text(late.p50_ns), duration_text(late.p99_ns), duration_text(late.p999_ns),
               grouped(link.pauses + link.queue_empty), grouped(link.deadlines_missed),
               grouped(link.handshakes), hiding_text(link)});
  }
  return table.to_string();
}

// Only what was dropped: the JSON form has the zeros too.
std::string drops_table(const StatusSnapshot& status) {
  TextTable table({{"dropped"}, {"cause"}, {"count", true}});
  for (const LinkStatus& link : status.links) {
    for (const auto& [cause, count] : link.drops) {
      if (count > 0) table.add({link.name, cause, grouped(count)});
    }
    if (link.queue_dropped > 0) {
      const std::string again =
          link.queue_sent_again > 0 ? fmt::format(", sent again {}", grouped(link.queue_sent_again)) : "";
      table.add({link.name, "by the interface's queue" + again, grouped(link.queue_dropped)});
    }
  }
  return table.empty() ? "  dropped: nothing\n" : table.to_string();
}

}  // namespace

std::string render_table(const StatusSnapshot& status) {
  if (status.links.empty()) return head(status) + "  no links\n";
  return head(status) + "\n" + links_table(status) + calendar_lines(status) + ladder_lines(status) +
         relay_lines(status) + preshared_lines(status) + "\n" + traffic_table(status) + "\n" +
         timing_table(status) + "\n" + drops_table(status);
}

}  // namespace cuttle
