// What a host knows of the others: kept on its own disk (NODE.known.json beside the peers file), so that what
// was seen first stays in force whatever the store says later, or does not. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "mesh/entry.hh"

namespace cuttle::mesh {

enum class Standing : uint8_t {
  in,      // has a link
  left,    // said itself that it goes
  revoked  // the operator said so
};

// A host that was seen once. Its last good entry is in force.
struct Pin {
  std::string name;      // of the peer here: its interface is ct-NAME
  Entry entry;           // what is in force of it, proof included; not a tombstone
  uint64_t counter = 0;  // the highest that was taken, tombstones counted
  Standing standing = Standing::in;
  bool was_up = false;                 // its link has been: it never begins open again
  std::vector<IpAddress> closed = {};  // addresses that it had once and that stay closed, without a link
  std::vector<IpAddress> lost = {};    // of its entry's, but another host's by the operator's word

  bool operator==(const Pin&) const = default;
};

// The operator's word on this host, `cuttle mesh accept`: that identity and those addresses are this host's,
// whatever was known before, by the entry of that number, or by one later than all that were seen. It ends
// when the host is revoked.
struct Acceptance {
  VerifyingKey identity;
  std::vector<IpAddress> addresses;
  uint64_t counter = 0;  // of the entry that the operator saw; 0: written by a version that did not say

  bool operator==(const Acceptance&) const = default;
};

// The numbers that a host was seen with before root's word set them back, by `forget` or by `accept` of an
// older entry: what it said with these does not count again. Stays when the host is known again.
struct Forgotten {
  uint64_t counter = 0;  // the highest that was ever taken
  bool revoked = false;  // it comes back by the operator's word alone; says nothing once it is known again
  std::map<std::string, uint64_t> by_identity = {};  // the same of each, by its text

  bool operator==(const Forgotten&) const = default;
};

struct Known {
  std::map<std::string, Pin> pins;  // by host
  std::map<std::string, Acceptance> accepted;
  std::map<std::string, Forgotten> forgotten;

  bool operator==(const Known&) const = default;
};

std::string to_json(const Known& known);
Result<Known> parse_known(std::string_view text);

// What no other host may have: those of its link, and those that stay closed.
std::vector<IpAddress> addresses_of(const Pin& pin);
// How many addresses that pin keeps here, its endpoint counted: as many when its link has ended.
size_t held_by(const Pin& pin);
// Those of its link; none without one.
std::vector<IpAddress> linked_addresses(const Pin& pin);
// Whether that is one of the latter, or of either: as the above, without a list.
bool is_linked(const Pin& pin, const IpAddress& address);
bool holds(const Pin& pin, const IpAddress& address);
// Whether an address of that entry's stays closed, or is of another host's link: its own link then does not
// begin open.
bool touches_closed(const Known& known, const Entry& entry);
// The highest number of that known host that was seen, which its next word has to exceed: also before root
// accepted an older one. What has the identity in force has to exceed its own, for a new installation counts
// anew; what has another, all of them.
uint64_t seen_of(const Known& known, const Pin& pin, const Entry& entry);
// Whether that is what the operator accepted: the entry that was seen, or a later word than all others of the
// same identity.
bool is_accepted(const Known& known, const Entry& entry);
// Ends a link: its addresses are closed from now on.
void close_pin(Pin& pin, Standing standing);
// Addresses that went to another host by root's word, and that no other has any more, are in the link of
// their own host again, which begins closed. Where two hosts lost one, nobody knows any more whose it was by
// the later of root's words: it stays lost, and closed.
void return_lost(Known& known);
// Of that host's, those that stay closed so until root says again whose they are.
std::vector<IpAddress> undecided_addresses(const Known& known, const std::string& host);
// Whatever becomes of that pin: what was seen of it with that number.
void remember(Known& known, const std::string& host, const Pin& pin);
// Root's word: what that entry says counts, whatever was known before. Once.
void accept(Known& known, const Entry& entry);
// Root's word: its addresses open. Which those are; an error where it is in the mesh, or not known.
Result<std::vector<IpAddress>> forget(Known& known, const std::string& host);

}  // namespace cuttle::mesh
