#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/how_links_are.hh"
#include "control/status.hh"

namespace cuttle {

namespace {

using Json = nlohmann::ordered_json;

// Replaces what is not UTF-8 instead of throwing.
std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

// Names of the numbers of a link's relaying, for both ways.
template <typename Relay, typename Visit>
void for_each_relay_number(Relay& relay, Visit visit) {
  visit("sent_numbered", relay.sent_numbered);
  visit("sent_by_relays", relay.sent_by_relays);
  visit("came_numbered", relay.came_numbered);
  visit("passed_on", relay.passed_on);
  visit("passed_on_bytes", relay.passed_on_bytes);
  visit("gaps", relay.gaps);
  visit("late", relay.late);
  visit("left_out", relay.left_out);
}

Json link_json(const LinkStatus& link) {
  Json json;
  json["name"] = link.name;
  json["interface"] = link.interface;
  json["endpoint"] = link.endpoint;
  json["state"] = link.state;
  json["open"] = link.open;
  json["session_age_s"] = link.session_age_s ? Json(*link.session_age_s) : Json(nullptr);
  json["session_peer_key"] = link.session_peer_key.empty() ? Json(nullptr) : Json(link.session_peer_key);
  if (link.preshared) {
    json["preshared"] = {{"age_s", link.preshared->age_s ? Json(*link.preshared->age_s) : Json(nullptr)},
                         {"peer_takes_part", link.preshared->peer_takes_part},
                         {"lost", link.preshared->lost}};
  }
  json["handshakes"] = link.handshakes;
  json["shape"] = {{"cell_bytes", link.cell_bytes}, {"rate_bps", link.rate_bps},
                   {"slot_ns", link.slot_ns},       {"cells_per_slot", link.cells_per_slot},
                   {"lanes", link.lanes},           {"jitter_percent", link.jitter_percent},
                   {"scatter", link.scatter},       {"peer_rate_bps", link.peer_rate_bps}};
  if (link.calendar) {
    json["calendar"] = {{"next_rate_bps", link.calendar->next_rate_bps},
                        {"next_at_s", link.calendar->next_at_s},
                        {"peer", link.calendar->peer},
                        {"clocks_apart_ms", link.calendar->clocks_apart_ms}};
  }
  if (link.ladder) {
    json["ladder"] = {{"peer", link.ladder->peer}, {"clocks_apart_ms", link.ladder->clocks_apart_ms}};
  }
  if (link.relay) {
    json["relay"] = {{"peer_takes_part", link.relay->peer_takes_part}};
    for_each_relay_number(*link.relay, [&](const char* name, auto value) { json["relay"][name] = value; });
  }
  json["cells"] = {{"sent", link.cells_sent},
                   {"sent_dummy", link.cells_sent_dummy},
                   {"received", link.cells_received},
                   {"received_dummy", link.cells_received_dummy}};
  json["packets"] = {{"sent", link.packets_sent}, {"received", link.packets_received}};
  json["bytes"] = {{"sent", link.bytes_sent}, {"received", link.bytes_received}};
  json["drops"] = Json::object();
  for (const auto& [cause, count] : link.drops) json["drops"][cause] = count;
  json["set_back"] = link.set_back;
  json["pauses"] = link.pauses;
  json["slots_caught_up"] = link.slots_caught_up;
  json["deadlines_missed"] = link.deadlines_missed;
  json["deadlines_late"] = link.deadlines_late;
  json["sealed_late_payloads"] = link.sealed_late_payloads;
  json["sealed_late_dummies"] = link.sealed_late_dummies;
  json["lateness_ns"] = {{"p50", link.lateness.p50_ns},
                         {"p99", link.lateness.p99_ns},
                         {"p99.9", link.lateness.p999_ns},
                         {"max", link.lateness.max_ns}};
  json["release"] = {{"by", link.release},
                     {"queue", link.release_queue},
                     {"lead_ns", link.lead_ns},
                     {"queue_empty", link.queue_empty},
                     {"queue_resets", link.queue_resets},
                     {"queue_dropped", link.queue_dropped},
                     {"queue_sent_again", link.queue_sent_again},
                     {"wire_lateness_ns",
                      {{"p50", link.wire_lateness.p50_ns},
                       {"p99", link.wire_lateness.p99_ns},
                       {"p99.9", link.wire_lateness.p999_ns}}}};
  json["hiding"] = {{"word", link.hiding}, {"accuracy_permille", link.hiding_permille}};
  return json;
}

// Reads `key` of an object into `out` where it is there. Throws when it is something else.
template <typename Value>
void read(const Json& json, const char* key, Value& out) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return;
  if constexpr (std::is_same_v<Value, std::string>) {
    out = found->template get_ref<const std::string&>();
  } else if constexpr (std::is_same_v<Value, bool>) {
    out = found->template get_ref<const bool&>();
  } else {
    const uint64_t value = found->template get_ref<const uint64_t&>();
    if (value > std::numeric_limits<Value>::max())
      throw std::out_of_range(fmt::format("{} is too large", key));
    out = static_cast<Value>(value);
  }
}

const Json& object(const Json& json, const char* key) {
  static const Json kNone = Json::object();
  const auto found = json.find(key);
  if (found == json.end()) return kNone;
  if (!found->is_object()) throw std::invalid_argument(fmt::format("{} is no object", key));
  return *found;
}

LinkStatus link_from(const Json& json) {
  if (!json.is_object()) throw std::invalid_argument("a link is no object");
  LinkStatus link;
  read(json, "name", link.name);
  read(json, "interface", link.interface);
  read(json, "endpoint", link.endpoint);
  read(json, "state", link.state);
  read(json, "open", link.open);
  if (json.contains("session_age_s") && !json["session_age_s"].is_null()) {
    read(json, "session_age_s", link.session_age_s.emplace());
  }
  read(json, "session_peer_key", link.session_peer_key);
  if (json.contains("preshared")) {
    const Json& preshared = object(json, "preshared");
    PresharedStatus& read_to = link.preshared.emplace();
    if (preshared.contains("age_s") && !preshared["age_s"].is_null()) {
      read(preshared, "age_s", read_to.age_s.emplace());
    }
    read(preshared, "peer_takes_part", read_to.peer_takes_part);
    read(preshared, "lost", read_to.lost);
  }
  read(json, "handshakes", link.handshakes);
  const Json& shape = object(json, "shape");
  read(shape, "cell_bytes", link.cell_bytes);
  read(shape, "rate_bps", link.rate_bps);
  read(shape, "slot_ns", link.slot_ns);
  read(shape, "cells_per_slot", link.cells_per_slot);
  read(shape, "lanes", link.lanes);
  read(shape, "jitter_percent", link.jitter_percent);
  read(shape, "scatter", link.scatter);
  read(shape, "peer_rate_bps", link.peer_rate_bps);
  if (json.contains("calendar")) {
    const Json& calendar = object(json, "calendar");
    CalendarStatus& read_to = link.calendar.emplace();
    read(calendar, "next_rate_bps", read_to.next_rate_bps);
    read(calendar, "next_at_s", read_to.next_at_s);
    read(calendar, "peer", read_to.peer);
    read(calendar, "clocks_apart_ms", read_to.clocks_apart_ms);
  }
  if (json.contains("ladder")) {
    const Json& ladder = object(json, "ladder");
    CalendarStatus& read_to = link.ladder.emplace();
    read(ladder, "peer", read_to.peer);
    read(ladder, "clocks_apart_ms", read_to.clocks_apart_ms);
  }
  if (json.contains("relay")) {
    const Json& relay = object(json, "relay");
    RelayStatus& read_to = link.relay.emplace();
    read(relay, "peer_takes_part", read_to.peer_takes_part);
    for_each_relay_number(read_to, [&](const char* name, auto& value) { read(relay, name, value); });
  }
  const Json& cells = object(json, "cells");
  read(cells, "sent", link.cells_sent);
  read(cells, "sent_dummy", link.cells_sent_dummy);
  read(cells, "received", link.cells_received);
  read(cells, "received_dummy", link.cells_received_dummy);
  read(object(json, "packets"), "sent", link.packets_sent);
  read(object(json, "packets"), "received", link.packets_received);
  read(object(json, "bytes"), "sent", link.bytes_sent);
  read(object(json, "bytes"), "received", link.bytes_received);
  for (const auto& [cause, count] : object(json, "drops").items()) {
    link.drops[cause] = count.get_ref<const uint64_t&>();
  }
  read(json, "set_back", link.set_back);
  read(json, "pauses", link.pauses);
  read(json, "slots_caught_up", link.slots_caught_up);
  const Json& release = object(json, "release");
  read(release, "by", link.release);
  read(release, "lead_ns", link.lead_ns);
  read(release, "queue_empty", link.queue_empty);
  read(release, "queue_resets", link.queue_resets);
  read(release, "queue_dropped", link.queue_dropped);
  read(release, "queue_sent_again", link.queue_sent_again);
  read(release, "queue", link.release_queue);
  const Json& on_wire = object(release, "wire_lateness_ns");
  read(on_wire, "p50", link.wire_lateness.p50_ns);
  read(on_wire, "p99", link.wire_lateness.p99_ns);
  read(on_wire, "p99.9", link.wire_lateness.p999_ns);
  read(object(json, "hiding"), "word", link.hiding);
  read(object(json, "hiding"), "accuracy_permille", link.hiding_permille);
  read(json, "deadlines_missed", link.deadlines_missed);
  read(json, "deadlines_late", link.deadlines_late);
  read(json, "sealed_late_payloads", link.sealed_late_payloads);
  read(json, "sealed_late_dummies", link.sealed_late_dummies);
  const Json& lateness = object(json, "lateness_ns");
  read(lateness, "p50", link.lateness.p50_ns);
  read(lateness, "p99", link.lateness.p99_ns);
  read(lateness, "p99.9", link.lateness.p999_ns);
  read(lateness, "max", link.lateness.max_ns);
  return link;
}

// Names of the numbers of a ladder, for both ways.
template <typename Ladder, typename Visit>
void for_each_number(Ladder& ladder, Visit visit) {
  visit("step", ladder.step);
  visit("epoch_s", ladder.epoch_s);
  visit("budget_bits", ladder.budget_bits);
  visit("told_millibits", ladder.told_millibits);
  visit("changes_today", ladder.changes_today);
  visit("changes_per_day", ladder.changes_per_day);
  visit("held_by_budget", ladder.held_by_budget);
  visit("held_unsaid", ladder.held_unsaid);
  visit("held_late", ladder.held_late);
  visit("disagreements", ladder.disagreements);
  visit("out_of_place", ladder.out_of_place);
  visit("other_ladder", ladder.other_ladder);
  visit("messages_dropped", ladder.messages_dropped);
  visit("coordinator_changes", ladder.coordinator_changes);
  visit("clock_set_back", ladder.clock_set_back);
}

template <typename Yields, typename Visit>
void for_each_yielding(Yields& yields, Visit visit) {
  visit("ceiling", yields.ceiling);
  visit("lost", yields.lost);
  visit("lost_ppm", yields.lost_ppm);
  visit("falls", yields.falls);
  visit("rises", yields.rises);
  visit("unknown", yields.unknown);
  visit("is_cut", yields.is_cut);
  visit("why_cut", yields.why_cut);
}

Json ladder_json(const LadderStatus& ladder) {
  Json json{{"rates_bps", ladder.rates_bps}, {"coordinator", ladder.coordinator}};
  for_each_number(ladder, [&](const char* name, auto value) { json[name] = value; });
  if (!ladder.yields) return json;
  Json& yields = json["yields"];
  for_each_yielding(*ladder.yields, [&](const char* name, const auto& value) { yields[name] = value; });
  return json;
}

LadderStatus ladder_from(const Json& json) {
  LadderStatus ladder;
  read(json, "coordinator", ladder.coordinator);
  for_each_number(ladder, [&](const char* name, auto& value) { read(json, name, value); });
  if (json.contains("yields")) {
    const Json& yields = object(json, "yields");
    for_each_yielding(ladder.yields.emplace(),
                      [&](const char* name, auto& value) { read(yields, name, value); });
  }
  if (!json.contains("rates_bps")) return ladder;
  for (const Json& rate : json["rates_bps"]) ladder.rates_bps.push_back(rate.get_ref<const uint64_t&>());
  if (ladder.step >= ladder.rates_bps.size()) throw std::out_of_range("the ladder has no such step");
  if (ladder.yields && ladder.yields->ceiling >= ladder.rates_bps.size()) {
    throw std::out_of_range("the ladder has no such ceiling");
  }
  return ladder;
}

StatusSnapshot status_from(const Json& json) {
  StatusSnapshot status;
  read(json, "node", status.node);
  read(json, "version", status.version);
  read(json, "uptime_s", status.uptime_s);
  read(json, "driver", status.driver);
  read(json, "backend", status.backend);
  read(object(json, "realtime"), "active", status.realtime);
  read(object(json, "realtime"), "why_not", status.realtime_why_not);
  read(json, "memory_locked", status.memory_locked);
  read(json, "queue_why_not", status.queue_why_not);
  read(json, "preshared_why_not", status.preshared_why_not);
  read(object(json, "watched"), "active", status.watched);
  read(object(json, "watched"), "why_not", status.watched_why_not);
  read(object(json, "guard"), "unshaped_dropped_in", status.guard.unshaped_dropped_in);
  read(object(json, "guard"), "unshaped_dropped_out", status.guard.unshaped_dropped_out);
  read(object(json, "guard"), "strangers_dropped", status.guard.unknown_sources_dropped);
  read(object(json, "guard"), "checksum_wrong", status.guard.checksum_wrong);
  read(object(json, "guard"), "way_trouble", status.guard.way_trouble);
  if (json.contains("ladder")) status.ladder = ladder_from(object(json, "ladder"));
  if (!json.contains("links")) return status;
  if (!json["links"].is_array()) throw std::invalid_argument("links is no list");
  for (const Json& link : json["links"]) status.links.push_back(link_from(link));
  return status;
}

}  // namespace

std::string to_json(const StatusSnapshot& status) {
  Json json;
  json["node"] = status.node;
  json["version"] = status.version;
  json["uptime_s"] = status.uptime_s;
  json["driver"] = status.driver;
  json["backend"] = status.backend;
  json["realtime"] = {{"active", status.realtime}, {"why_not", status.realtime_why_not}};
  json["memory_locked"] = status.memory_locked;
  json["queue_why_not"] = status.queue_why_not;
  if (!status.preshared_why_not.empty()) json["preshared_why_not"] = status.preshared_why_not;
  json["watched"] = {{"active", status.watched}, {"why_not", status.watched_why_not}};
  json["guard"] = {{"unshaped_dropped_in", status.guard.unshaped_dropped_in},
                   {"unshaped_dropped_out", status.guard.unshaped_dropped_out},
                   {"strangers_dropped", status.guard.unknown_sources_dropped},
                   {"checksum_wrong", status.guard.checksum_wrong},
                   {"way_trouble", status.guard.way_trouble}};
  if (status.ladder) json["ladder"] = ladder_json(*status.ladder);
  json["links"] = Json::array();
  for (const LinkStatus& link : status.links) json["links"].push_back(link_json(link));
  return dump(json);
}

namespace {

Result<StatusSnapshot> read_status(std::string_view text, const Json::parser_callback_t& is_kept) {
  try {
    const Json json = Json::parse(text, is_kept);
    if (!json.is_object() || !json.contains("node")) return failure("not a status: no \"node\" in it");
    return status_from(json);
  } catch (const std::exception& error) {
    return failure(fmt::format("not a status: {}", error.what()));
  }
}

constexpr std::string_view kHowLinksAre[] = {"node",         "links",       "name", "state",
                                             "open",         "hiding",      "word", "release",
                                             "by",           "lateness_ns", "p99",  "wire_lateness_ns",
                                             "session_age_s"};

}  // namespace

Result<StatusSnapshot> status_from_json(std::string_view text) {
  return read_status(text, nullptr);
}

Result<StatusSnapshot> how_links_are(std::string_view text) {
  return read_status(text, [](int, Json::parse_event_t event, Json& parsed) {
    if (event != Json::parse_event_t::key) return true;
    const std::string_view key = parsed.get_ref<const std::string&>();
    return std::find(std::begin(kHowLinksAre), std::end(kHowLinksAre), key) != std::end(kHowLinksAre);
  });
}

}  // namespace cuttle
