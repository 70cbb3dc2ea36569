#include "metrics/families.hh"

#include <algorithm>
#include <map>

namespace cuttle::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr double kSecondsPerNanosecond = 1e-9;

double seconds_of(uint64_t ns) {
  return static_cast<double>(ns) * kSecondsPerNanosecond;
}
double bytes_a_second(uint64_t rate_bps) {
  return static_cast<double>(rate_bps) / 8;
}

// Families in the order in which they were first named, each with its samples together, as the text format
// asks for.
class Collection {
 public:
  void gauge(const char* name, const char* help, Labels labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    family(name, help, MetricType::Gauge).metric.push_back(std::move(metric));
  }
  void counter(const char* name, const char* help, Labels labels, uint64_t value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(value);
    family(name, help, MetricType::Counter).metric.push_back(std::move(metric));
  }
  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  MetricFamily& family(const char* name, const char* help, MetricType type) {
    const auto [place, is_new] = index_.emplace(name, families_.size());
    if (is_new) families_.push_back({name, help, type, {}});
    return families_[place->second];
  }

  std::vector<MetricFamily> families_;
  std::map<std::string, size_t> index_;
};

Labels with(Labels labels, const char* name, const std::string& value) {
  labels.push_back({name, value});
  return labels;
}

void add_shape(Collection& out, const Labels& labels, const LinkStatus& link) {
  out.gauge("cuttle_link_rate_bytes_per_second",
            "IP bytes that the link sends, always, as configured (by a calendar, now).", labels,
            bytes_a_second(link.rate_bps));
  if (link.peer_rate_bps > 0) {
    out.gauge("cuttle_link_peer_rate_bytes_per_second", "The same, of the peer, as it says.", labels,
              bytes_a_second(link.peer_rate_bps));
  }
  if (link.calendar) {
    out.gauge("cuttle_link_next_rate_bytes_per_second", "The rate after the calendar's next change.", labels,
              bytes_a_second(link.calendar->next_rate_bps));
    out.gauge("cuttle_link_next_rate_timestamp_seconds", "When that is, in seconds since 1970.", labels,
              static_cast<double>(link.calendar->next_at_s));
    out.gauge("cuttle_link_calendar_differs", "Whether the peer follows another calendar, or none.", labels,
              link.calendar->peer == "other" || link.calendar->peer == "none" ? 1 : 0);
    out.gauge("cuttle_link_clocks_apart_seconds", "The peer's wall clock and this one, roughly.", labels,
              static_cast<double>(link.calendar->clocks_apart_ms) * 1e-3);
  }
  if (link.ladder) {
    out.gauge("cuttle_link_ladder_differs", "Whether the peer has another ladder, or none.", labels,
              link.ladder->peer == "other" || link.ladder->peer == "none" ? 1 : 0);
    out.gauge("cuttle_link_clocks_apart_seconds", "The peer's wall clock and this one, roughly.", labels,
              static_cast<double>(link.ladder->clocks_apart_ms) * 1e-3);
  }
  out.gauge("cuttle_link_slot_seconds", "From one release of cells to the next.", labels,
            seconds_of(link.slot_ns));
  out.gauge("cuttle_link_cell_bytes", "UDP payload of every cell.", labels, link.cell_bytes);
}

void add_traffic(Collection& out, const Labels& labels, const LinkStatus& link) {
  const auto cells = [&](const char* direction, const char* kind, uint64_t count) {
    out.counter("cuttle_link_cells_total", "Cells, by what is in them; handshakes count as dummies sent.",
                with(with(labels, "direction", direction), "kind", kind), count);
  };
  cells("sent", "data", link.cells_sent - std::min(link.cells_sent, link.cells_sent_dummy));
  cells("sent", "dummy", link.cells_sent_dummy);
  cells("received", "data", link.cells_received - std::min(link.cells_received, link.cells_received_dummy));
  cells("received", "dummy", link.cells_received_dummy);
  const auto both = [&](const char* name, const char* help, uint64_t sent, uint64_t received) {
    out.counter(name, help, with(labels, "direction", "sent"), sent);
    out.counter(name, help, with(labels, "direction", "received"), received);
  };
  both("cuttle_link_packets_total", "Packets carried inside the cells.", link.packets_sent,
       link.packets_received);
  both("cuttle_link_payload_bytes_total", "Bytes of these packets.", link.bytes_sent, link.bytes_received);
}

void add_timing(Collection& out, const Labels& labels, const LinkStatus& link) {
  out.counter("cuttle_link_deadlines_missed_total", "Slots left out, in pauses too long to be caught up.",
              labels, link.deadlines_missed);
  out.counter("cuttle_link_deadlines_late_total", "Slots released more than 100 us after their deadline.",
              labels, link.deadlines_late);
  const auto sealed_late = [&](const char* contents, uint64_t trains) {
    out.counter("cuttle_link_sealed_late_total",
                "Trains sealed only after their deadline, by the thread that releases.",
                with(labels, "contents", contents), trains);
  };
  sealed_late("payloads", link.sealed_late_payloads);
  sealed_late("dummies", link.sealed_late_dummies);
  out.counter("cuttle_link_pauses_total", "Times at which releases fell behind by more than a slot.", labels,
              link.pauses);
  out.counter("cuttle_link_slots_caught_up_total", "Slots released after the next one was due.", labels,
              link.slots_caught_up);
  const bool is_measured = link.release == "queue";
  const bool by_queue = is_measured || link.release == "txtime";
  out.gauge("cuttle_link_queue", "Whether a queue keeps time, not the agent's own thread.", labels,
            by_queue ? 1 : 0);
  out.counter("cuttle_link_queue_resets_total", "Times at which the queue was reset, or let nothing through.",
              labels, link.queue_resets);
  out.counter("cuttle_link_queue_dropped_total",
              "Packets, anybody's, that the interface's own queue dropped since the start (txtime).", labels,
              link.queue_dropped);
  out.counter("cuttle_link_queue_sent_again_total",
              "Of these, the node's own that its thread sent after all, since the start (txtime by etf).",
              labels, link.queue_sent_again);
  if (by_queue) {
    out.counter("cuttle_link_queue_empty_total", "Trains handed to the queue after their time.", labels,
                link.queue_empty);
    out.gauge("cuttle_link_lead_seconds", "How far ahead trains are handed to the queue.", labels,
              seconds_of(link.lead_ns));
  }
  if (is_measured) {
    out.gauge("cuttle_link_wire_lateness_median_seconds",
              "How late the queue lets trains go, since the start.", labels,
              seconds_of(link.wire_lateness.p50_ns));
    out.gauge("cuttle_link_wire_lateness_p99_seconds", "How late the queue lets trains go, since the start.",
              labels, seconds_of(link.wire_lateness.p99_ns));
  }
  if (!link.hiding.empty()) {
    out.gauge("cuttle_link_load_hidden", "1: the shape hides this host's lateness; 0: it tells.", labels,
              link.hiding == "hidden" ? 1 : 0);
    out.gauge("cuttle_link_attacker_accuracy",
              "Of an attacker who measures gaps for a second; 0.5 is chance.", labels,
              link.hiding_permille / 1000.0);
  }
  out.gauge("cuttle_link_release_lateness_median_seconds", "Release after its deadline, since the start.",
            labels, seconds_of(link.lateness.p50_ns));
  out.gauge("cuttle_link_release_lateness_p99_seconds", "Release after its deadline, since the start.",
            labels, seconds_of(link.lateness.p99_ns));
  out.gauge("cuttle_link_release_lateness_max_seconds", "Release after its deadline, since the start.",
            labels, seconds_of(link.lateness.max_ns));
}

void add_relay(Collection& out, const Labels& labels, const RelayStatus& relay) {
  out.gauge("cuttle_relay_peer_takes_part", "Whether the peer relays, too.", labels,
            relay.peer_takes_part ? 1 : 0);
  out.counter("cuttle_relay_sent_packets_total", "Packets to the peer that went by other nodes' links.",
              labels, relay.sent_by_relays);
  out.counter("cuttle_relay_passed_on_packets_total",
              "Packets to others over the link with the peer: other nodes', or this node's overflow.", labels,
              relay.passed_on);
  out.counter("cuttle_relay_passed_on_bytes_total", "The same in bytes.", labels, relay.passed_on_bytes);
  out.counter("cuttle_relay_gaps_total", "Gaps in the peer's packets that were not waited for any longer.",
              labels, relay.gaps);
  out.counter("cuttle_relay_late_packets_total",
              "Packets that the peer, as a relay, brought after those behind them.", labels, relay.late);
  out.counter("cuttle_relay_left_out_total",
              "Times at which the peer was not used as a relay because too little came of what it got.",
              labels, relay.left_out);
}

void add_link(Collection& out, const Labels& node, const LinkStatus& link) {
  const Labels labels = with(node, "peer", link.name);
  out.gauge("cuttle_link_up", "Whether authentic cells come from the peer.", labels,
            link.state == "up" ? 1 : 0);
  out.gauge("cuttle_link_open", "Whether traffic still passes beside the link (joining).", labels,
            link.open ? 1 : 0);
  if (link.session_age_s) {
    out.gauge("cuttle_link_session_age_seconds", "Since the present session was agreed.", labels,
              static_cast<double>(*link.session_age_s));
  }
  if (link.preshared) {
    if (link.preshared->age_s) {
      out.gauge("cuttle_link_preshared_age_seconds", "Since the preshared key in use was agreed.", labels,
                static_cast<double>(*link.preshared->age_s));
    }
    out.counter("cuttle_link_preshared_lost_total",
                "Times at which the two ends had no renewed preshared key in common any more.", labels,
                link.preshared->lost);
  }
  if (link.relay) add_relay(out, labels, *link.relay);
  out.counter("cuttle_link_sessions_total", "Sessions agreed.", labels, link.handshakes);
  out.counter("cuttle_link_set_back_total",
              "Times at which the peer's cells showed that this node was set back, and its session ended.",
              labels, link.set_back);
  add_shape(out, labels, link);
  add_traffic(out, labels, link);
  add_timing(out, labels, link);
  for (const auto& [cause, count] : link.drops) {
    out.counter("cuttle_link_drops_total", "Cells, packets and handshakes dropped, by cause.",
                with(labels, "cause", cause), count);
  }
}

void add_yielding(Collection& out, const Labels& labels, const YieldStatus& yields) {
  out.gauge("cuttle_ladder_ceiling", "Of the ladder, from 0 on, that this node lets there be.", labels,
            yields.ceiling);
  out.gauge("cuttle_ladder_lost_ratio", "Of the cells of its worst link, in the last epoch.", labels,
            static_cast<double>(yields.lost_ppm) * 1e-6);
  out.counter("cuttle_ladder_ceiling_falls_total", "Times at which the ceiling fell.", labels, yields.falls);
  out.counter("cuttle_ladder_ceiling_rises_total", "Times at which the ceiling rose.", labels, yields.rises);
  out.counter("cuttle_ladder_loss_unknown_total", "Epochs of which it is not known what was lost.", labels,
              yields.unknown);
  out.gauge("cuttle_ladder_cut", "1: the breaker cut, until 00:00 UTC.", labels, yields.is_cut ? 1 : 0);
}

void add_ladder(Collection& out, const Labels& labels, const LadderStatus& ladder) {
  out.gauge("cuttle_ladder_step", "Of the ladder, from 0 on, that was told the links last.", labels,
            ladder.step);
  out.gauge("cuttle_ladder_steps", "That the ladder has.", labels,
            static_cast<double>(ladder.rates_bps.size()));
  out.gauge("cuttle_ladder_told", "That the changes of the day (UTC) told at the most.", labels,
            static_cast<double>(ladder.told_millibits) * 1e-3);
  out.gauge("cuttle_ladder_budget", "That those of a day may tell.", labels,
            static_cast<double>(ladder.budget_bits));
  out.gauge("cuttle_ladder_changes_left", "Of the day; none: the links stay at the rate they have.", labels,
            static_cast<double>(ladder.changes_per_day) - static_cast<double>(ladder.changes_today));
  const auto held = [&](const char* cause, uint64_t epochs) {
    out.counter("cuttle_ladder_held_total", "Epochs whose rate was held, or not what was said, by cause.",
                with(labels, "cause", cause), epochs);
  };
  held("budget", ladder.held_by_budget);
  held("unsaid", ladder.held_unsaid);
  held("late", ladder.held_late);
  out.counter("cuttle_ladder_disagreements_total", "Times at which two steps were said for one epoch.",
              labels, ladder.disagreements);
  out.counter("cuttle_ladder_coordinator_changes_total", "Times at which another node became coordinator.",
              labels, ladder.coordinator_changes);
  const auto dropped = [&](const char* cause, uint64_t messages) {
    out.counter("cuttle_ladder_messages_dropped_total", "Messages of peers that were not heeded, by cause.",
                with(labels, "cause", cause), messages);
  };
  dropped("epoch", ladder.out_of_place);
  dropped("other_ladder", ladder.other_ladder);
  dropped("malformed", ladder.messages_dropped);
  out.counter("cuttle_ladder_clock_set_back_total", "Times at which the wall clock was set back.", labels,
              ladder.clock_set_back);
  if (ladder.yields) add_yielding(out, labels, *ladder.yields);
}

void add_agent(Collection& out, const AgentAnswer& agent) {
  const Labels labels{{"node", agent.node}};
  out.gauge("cuttle_agent_up", "Whether the agent answers.", labels, agent.status ? 1 : 0);
  if (!agent.status) return;
  const StatusSnapshot& status = *agent.status;
  out.gauge(
      "cuttle_agent_info", "Always 1; what the agent is.",
      with(with(with(labels, "version", status.version), "driver", status.driver), "backend", status.backend),
      1);
  out.gauge("cuttle_agent_uptime_seconds", "Since the agent started.", labels,
            static_cast<double>(status.uptime_s));
  out.gauge("cuttle_agent_realtime", "Whether the threads that keep time have real-time priority.", labels,
            status.realtime ? 1 : 0);
  out.gauge("cuttle_agent_watched", "Whether rules, routes and guard are watched, and put back.", labels,
            status.watched ? 1 : 0);
  const char* guard = "cuttle_guard_dropped_packets_total";
  const char* guard_help = "Unshaped packets that the guard stopped.";
  out.counter(guard, guard_help, with(labels, "direction", "in"), status.guard.unshaped_dropped_in);
  out.counter(guard, guard_help, with(labels, "direction", "out"), status.guard.unshaped_dropped_out);
  out.counter("cuttle_strangers_dropped_datagrams_total", "Datagrams to our ports from no peer's address.",
              labels, status.guard.unknown_sources_dropped);
  if (status.ladder) add_ladder(out, labels, *status.ladder);
  for (const LinkStatus& link : status.links) add_link(out, labels, link);
}

}  // namespace

std::vector<MetricFamily> families(const std::vector<AgentAnswer>& agents) {
  Collection out;
  for (const AgentAnswer& agent : agents) add_agent(out, agent);
  return out.take();
}

}  // namespace cuttle::metrics
