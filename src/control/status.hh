// What a running agent says about itself: a snapshot of plain values, its JSON form (what goes over the
// control socket and what `cuttle status --json` prints), and a table for a person.
//
// Directions are those of the link: "sent" goes to the peer, "received" came from it. Counters count since
// the agent started. JSON keys only ever get added; a reader ignores those it does not know.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"

namespace cuttle {

// A link whose rate follows a calendar.
inline constexpr uint64_t kMaxClocksApart_ms = 2000;  // beyond it, a calendar is kept badly
struct CalendarStatus {
  uint64_t next_rate_bps = 0;  // and when, in seconds since 1970
  uint64_t next_at_s = 0;
  // What the peer said when the session was agreed: "same", "other", "none"; empty: nothing yet.
  std::string peer;
  uint64_t clocks_apart_ms = 0;  // the peer's wall clock and this one

  bool operator==(const CalendarStatus&) const = default;
};

// Of the preshared keys that the two ends agree on by themselves.
struct PresharedStatus {
  std::optional<uint64_t> age_s;  // since the one in use was agreed; none: there is none yet
  bool peer_takes_part = true;    // as far as is known
  uint64_t lost = 0;              // how often the peer had lost it, or this end an old one

  bool operator==(const PresharedStatus&) const = default;
};

// Of a ladder that yields: what its links lose, and what that lets the rate be.
struct YieldStatus {
  uint32_t ceiling = 0;   // the highest step that this node lets there be
  std::string lost;       // of the worst link, in the last epoch of which it is known; empty: none is
  uint64_t lost_ppm = 0;  // and as a number, of a million
  uint64_t falls = 0;     // of the ceiling
  uint64_t rises = 0;
  uint64_t unknown = 0;  // epochs of which it is not known what was lost
  bool is_cut = false;   // by the breaker, until 00:00 UTC
  std::string why_cut;

  bool operator==(const YieldStatus&) const = default;
};

// The ladder of a node (docs/cover.md): between which rates its links change, what that has told today, and
// what kept it from doing as it was told.
struct LadderStatus {
  std::vector<uint64_t> rates_bps;
  uint32_t step = 0;  // of them, that was told last; it holds from the next epoch on at the latest
  uint64_t epoch_s = 0;
  uint64_t budget_bits = 0;     // a day
  uint64_t told_millibits = 0;  // today at the most
  uint32_t changes_today = 0;
  uint32_t changes_per_day = 0;
  std::string coordinator;           // "this node", or the peer; empty: not known, or nobody
  uint64_t held_by_budget = 0;       // epochs with another rate than was said, because the budget is spent
  uint64_t held_unsaid = 0;          // epochs for which nobody said anything
  uint64_t held_late = 0;            // epochs of which it was too late to tell the pacers
  uint64_t disagreements = 0;        // two steps said for one epoch
  uint64_t out_of_place = 0;         // messages for an epoch that is not to come
  uint64_t other_ladder = 0;         // messages of peers with another ladder
  uint64_t messages_dropped = 0;     // that were none, too many, or another node's
  uint64_t coordinator_changes = 0;  // another node became it
  uint64_t clock_set_back = 0;       // times
  std::optional<YieldStatus> yields{};

  bool operator==(const LadderStatus&) const = default;
};

// What a link does in a relayed mesh (docs/cover.md), in packets.
struct RelayStatus {
  bool peer_takes_part = false;
  uint64_t sent_numbered = 0;    // to the peer, by whichever way, so that they can be put in order
  uint64_t sent_by_relays = 0;   // of these, those over other nodes' links
  uint64_t came_numbered = 0;    // from the peer
  uint64_t passed_on = 0;        // over this link, for others and as this node's overflow
  uint64_t passed_on_bytes = 0;  // of these
  uint64_t gaps = 0;             // in the peer's packets, that were given up
  uint64_t late = 0;             // that the peer, as a relay, handed over after those behind them
  uint64_t left_out = 0;         // times that the peer was not used as a relay because too little came of it

  bool operator==(const RelayStatus&) const = default;
};

// How long after its deadline a slot's first cell left.
struct LatenessStatus {
  uint64_t p50_ns = 0;
  uint64_t p99_ns = 0;
  uint64_t p999_ns = 0;
  uint64_t max_ns = 0;

  bool operator==(const LatenessStatus&) const = default;
};

// The state of a peer whose link could not be had; the agent's log says why.
inline constexpr const char kNoLink[] = "failed";

struct LinkStatus {
  std::string name;       // of the peer
  std::string interface;  // "ct-NAME"
  std::string endpoint;
  std::string state;  // "up", "connecting", "quiet" (nothing authentic comes), or kNoLink
  bool open = false;  // joining, and not up yet: traffic to the peer passes beside the link
  std::optional<uint64_t> session_age_s;  // none without a session
  std::string session_peer_key;           // the peer's public key that it was agreed with; empty without one
  std::optional<PresharedStatus> preshared;  // none: they are not renewed

  uint32_t cell_bytes = 0;
  uint64_t rate_bps = 0;                   // of the link, all lanes together; by a calendar, now
  uint64_t slot_ns = 0;                    // as it came out
  uint64_t peer_rate_bps = 0;              // of the other direction, as the peer says; 0: not known yet
  std::optional<CalendarStatus> calendar;  // none: the rate follows none
  std::optional<CalendarStatus> ladder;    // the same of the node's ladder; no next rate is known
  std::optional<RelayStatus> relay;        // none: the node relays nothing
  uint32_t cells_per_slot = 0;             // of each lane
  uint32_t lanes = 1;
  uint32_t jitter_percent = 0;
  bool scatter = false;  // the cells of a slot one by one

  uint64_t cells_sent = 0;
  uint64_t cells_sent_dummy = 0;  // of those
  uint64_t cells_received = 0;
  uint64_t cells_received_dummy = 0;  // of those
  uint64_t packets_sent = 0;
  uint64_t packets_received = 0;
  uint64_t bytes_sent = 0;  // of the packets
  uint64_t bytes_received = 0;
  std::map<std::string, uint64_t> drops;  // by cause, all causes there are, also at 0

  uint64_t pauses = 0;                // times at which releases fell behind by more than a slot
  uint64_t slots_caught_up = 0;       // released after the next was due
  uint64_t deadlines_missed = 0;      // slots left out, in pauses too long to be caught up
  uint64_t deadlines_late = 0;        // released, but more than 100 us after the deadline
  uint64_t sealed_late_payloads = 0;  // trains ready only after their deadline, with payloads
  uint64_t sealed_late_dummies = 0;   // and without
  LatenessStatus lateness;            // by a queue: of what was handed to it after its deadline; else 0
  // What lets cells go: "queue", "txtime" (a queue that reads instants; how late it is is not known), the
  // agent's own "thread", or "settling": a queue that was reset, and is not known to keep time yet.
  std::string release = "thread";
  std::string release_queue;   // by txtime: which queue, by which clock
  uint64_t queue_resets = 0;   // times at which a queue was, or let nothing through
  uint64_t queue_dropped = 0;  // by txtime: packets, anybody's, that the interface's queue dropped
  uint64_t queue_sent_again =
      0;                     // of these, the link's and others' own that the agent's thread sent after all
  uint64_t lead_ns = 0;      // by a queue: handed over so long ahead
  uint64_t queue_empty = 0;  // by a queue: handed over too late
  LatenessStatus wire_lateness;  // by a queue: how late it let them go; max is not known
  std::string hiding;            // "hidden", "tells behind fast ports" or "tells"; empty: not known yet
  uint32_t hiding_permille = 0;  // how often an attacker who measures for a second is right; 500 is chance
  uint64_t handshakes = 0;       // sessions agreed
  uint64_t set_back = 0;         // times at which the peer's cells showed that this node was set back

  bool operator==(const LinkStatus&) const = default;
};

// What does not belong to any link: packets that tried to get past one, and datagrams to our ports from
// addresses that no link knows.
struct GuardStatus {
  uint64_t unshaped_dropped_in = 0;
  uint64_t unshaped_dropped_out = 0;
  uint64_t unknown_sources_dropped = 0;
  uint64_t checksum_wrong = 0;  // UDP datagrams of the whole host's, since the agent started
  // What leads a peer's traffic past its link, or its cells past the queue; empty where nothing does.
  std::string way_trouble;

  bool operator==(const GuardStatus&) const = default;
};

struct StatusSnapshot {
  std::string node;
  std::string version;
  uint64_t uptime_s = 0;
  std::string driver;   // "native"
  std::string backend;  // of the AEAD: "ipsec-mb" or "openssl"
  bool realtime = false;
  std::string realtime_why_not;   // empty when it is
  bool memory_locked = false;     // no key can be written to swap
  std::string queue_why_not;      // why no queue keeps time for some link; empty when one does for all
  std::string preshared_why_not;  // why preshared keys are not renewed, or kept, as they should be
  bool watched = true;            // rules, routes and guard are put back where something takes them away
  std::string watched_why_not;    // empty when they are
  GuardStatus guard;
  std::optional<LadderStatus> ladder;  // none: the node has none
  std::vector<LinkStatus> links;

  bool operator==(const StatusSnapshot&) const = default;
};

// Null: there is none of that name.
inline const LinkStatus* link_named(const StatusSnapshot& status, std::string_view name) {
  for (const LinkStatus& link : status.links) {
    if (link.name == name) return &link;
  }
  return nullptr;
}

std::string to_json(const StatusSnapshot& status);

// Fails on anything that is not such a document. Keys that are missing read as their defaults.
Result<StatusSnapshot> status_from_json(std::string_view text);

// A table that fits 100 columns as long as names do. Ends with a line feed.
std::string render_table(const StatusSnapshot& status);

}  // namespace cuttle
