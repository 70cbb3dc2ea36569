// What each step is recognised by, in the client's log and in the OSDs' histories. Data only.
//
// The patterns were taken from logs that Ceph 16.2.15 and 18.2.7 wrote (tests/trace/); '*' stands for
// anything. `cuttle trace steps` prints this table.
#pragma once

#include <span>
#include <string_view>

#include "trace/step.hh"

namespace cuttle::trace {

enum class Peer { any, monitor, primary };  // whose connection a line must be about
enum class Operations { both, put, get };
enum class Presence {
  always,     // not seeing it is worth a notice
  sometimes,  // depends on timing, on what is connected already, or on the protocol's version
};

struct Rule {
  std::string_view id;
  Section section;  // looked for from the section's beginning on
  std::string_view component;
  std::string_view title;
  std::string_view purpose;
  std::string_view pattern;
  std::string_view detail_after = {};  // what follows this text in the line is worth showing
  Peer peer = Peer::any;
  Operations operations = Operations::both;
  Presence presence = Presence::always;
  std::string_view after = {};  // only behind this step
  int crossings = 0;            // of the link to the peer, one after the other, before the next step
  int first_release = 16;       // of Ceph, that has this line
  std::string_view lane = kClientLane;
};

std::span<const Rule> connect_rules();  // configure, bootstrap, connect
std::span<const Rule> operate_rules();  // pool, operate

// A wait for the monitor, seen from the client: from one step to another.
struct WaitRule {
  std::string_view id;
  Section section;
  std::string_view from;
  std::string_view to;
  std::string_view title;
  std::string_view purpose;
};

std::span<const WaitRule> wait_rules();

// An event of a historic operation.
enum class OsdRole {
  primary,       // osd_op at the primary
  replica,       // osd_repop at a replica
  replica_reply  // osd_repop_reply, back at the primary
};

struct EventRule {
  std::string_view id;
  OsdRole role;
  std::string_view event;  // the beginning of its name in dump_historic_ops
  std::string_view component;
  std::string_view title;
  std::string_view purpose;
  Operations operations = Operations::both;
  Presence presence = Presence::always;
};

std::span<const EventRule> event_rules();

// A message on its way: from a moment in one process to a moment in another.
struct HopRule {
  std::string_view id;
  std::string_view from;
  std::string_view or_from;  // the later one of both counts; empty: there is only one
  std::string_view to;
  std::string_view title;
  std::string_view purpose;
};

std::span<const HopRule> hop_rules();

// Lines that say why a step is not reached.
struct FailureRule {
  std::string_view pattern;
  std::string_view meaning;
};

std::span<const FailureRule> failure_rules();

}  // namespace cuttle::trace
