#include "mesh/reconcile.hh"

#include <fmt/format.h>

#include <algorithm>

#include "config/host_name.hh"
#include "enroll/node_files.hh"
#include "mesh/claims.hh"
#include "mesh/peers_text.hh"
#include "mesh/root_peers.hh"
#include "mesh/store.hh"

namespace cuttle::mesh {

namespace {

// Addresses that one host had once: each stays closed on all others.
constexpr size_t kMaxClosed = 256;

class Reconciliation {
 public:
  Reconciliation(const Known& before, const StoreView& view, const Bounds& bounds)
      : view_(view), bounds_(bounds) {
    result_.known = before;
    for (const auto& [host, pin] : before.pins) held_ += held_by(pin);
  }

  Reconciled run() {
    take_revocations();
    std::map<std::string, Entry> entries = read_entries();
    std::erase_if(entries, [this](const auto& one) { return is_of_the_past(one.second); });
    std::erase_if(entries, [this](const auto& one) { return is_roots(one.second); });
    std::erase_if(entries, [this](const auto& one) {
      const Entry& entry = one.second;
      return is_new(entry) && (entry.left || !may_come_in(entry, "it has no link"));
    });
    keep_within_bounds(entries);
    std::erase_if(entries, [this](const auto& one) { return is_new(one.second) && !may_be(one.second); });
    note_contested(entries);
    for (const auto& [host, entry] : entries) take(entry);
    return_lost(known());
    for (MeshProblem& one : undecided_problems(known())) result_.problems.push_back(std::move(one));
    note_missing();
    note_closed_here(known(), bounds_);
    std::stable_sort(result_.problems.begin(), result_.problems.end(),
                     [](const MeshProblem& a, const MeshProblem& b) { return a.host < b.host; });
    return std::move(result_);
  }

 private:
  Known& known() { return result_.known; }
  Pin* pin_of(const std::string& host) {
    const auto found = known().pins.find(host);
    return found == known().pins.end() ? nullptr : &found->second;
  }
  const Acceptance* acceptance_of(const std::string& host) {
    const auto found = known().accepted.find(host);
    return found == known().accepted.end() ? nullptr : &found->second;
  }
  void note(const char* code, const std::string& host, std::string text, std::string fix) {
    result_.problems.push_back({code, host, std::move(text), std::move(fix)});
  }
  void ask_operator(const char* code, const std::string& host, std::string text) {
    note(code, host, std::move(text), "cuttle mesh accept " + host);
  }

  void take_revocations() {
    for (const std::string& host : view_.revoked) {
      known().accepted.erase(host);
      Pin* pin = pin_of(host);
      if (pin != nullptr && pin->standing != Standing::revoked) close_pin(*pin, Standing::revoked);
      const auto forgotten = known().forgotten.find(host);
      if (forgotten != known().forgotten.end()) forgotten->second.revoked = true;
      if (host == bounds_.host) {
        note(kRevoked, host, "this host was revoked: the others end their links to it",
             "ask whoever runs the cluster; cuttle mesh revoke --undo " + host);
      }
    }
  }

  // Those that are what they should be, and prove it.
  std::map<std::string, Entry> read_entries() {
    std::map<std::string, Entry> entries;
    for (const auto& [host, text] : view_.entries) {
      if (host == bounds_.host || view_.revoked.contains(host)) continue;
      Result<Entry> entry = failure("its key names no host");
      if (parse_host_name(host)) entry = parse_proved_entry(host, text);
      if (entry) {
        entries.emplace(host, std::move(*entry));
        continue;
      }
      note(kEntryBad, shown_host(host),
           fmt::format("{}{}: {}; {}", kPeerPrefix, shown_host(host), entry.error().message,
                       pin_of(host) != nullptr ? "what was known of it stays in force" : "it has no link"),
           fmt::format("its own cuttle-mesh puts it right; where that host is gone: ceph config-key rm {}{}",
                       kPeerPrefix, shown_host(host)));
    }
    return entries;
  }

  bool is_accepted(const Entry& entry) { return mesh::is_accepted(known(), entry); }

  // Of a host that was forgotten, or that root accepted: whether it says only what it said before, was
  // revoked, or is another than root saw. It does not come in by that, nor stand in another's way.
  bool is_of_the_past(const Entry& entry) {
    if (!is_new(entry) || is_accepted(entry)) return false;
    if (const Acceptance* acceptance = acceptance_of(entry.host); acceptance != nullptr) {
      if (entry.left) return true;
      if (entry.identity == acceptance->identity) {
        note_old(entry, acceptance->counter, "it has no link");
      } else {
        ask_operator(kKeyChanged, entry.host,
                     "its identity is another than the one that was accepted; it has no link");
      }
      return true;
    }
    const auto found = known().forgotten.find(entry.host);
    if (found == known().forgotten.end()) return false;
    if (found->second.revoked) {
      if (!entry.left) ask_operator(kRevoked, entry.host, "it was revoked, and forgotten; it has no link");
      return true;
    }
    if (entry.counter > found->second.counter) return false;
    if (!entry.left) note_old(entry, found->second.counter, "it was forgotten, and has no link");
    return true;
  }

  bool is_new(const Entry& entry) { return pin_of(entry.host) == nullptr; }

  // Of one that is new: whether it can be had at all, and so may stand in another new one's way.
  bool may_be(const Entry& entry) {
    const std::string why = conflict(entry);
    if (!why.empty()) ask_operator(kAddressTaken, entry.host, why + "; it has no link");
    return why.empty();
  }

  // A monitor that names hosts without end does no harm that lasts. Those that are known keep their place; of
  // the new ones, those that root accepted come first.
  void keep_within_bounds(std::map<std::string, Entry>& entries) {
    size_t hosts = known().pins.size();
    size_t held = held_;
    std::vector<std::string> refused;
    for (const bool accepted : {true, false}) {
      for (const auto& [host, entry] : entries) {
        if (!is_new(entry) || is_accepted(entry) != accepted) continue;
        const size_t more = entry.addresses.size() + 1;
        if (hosts >= kMaxHosts || held + more > kMaxHeld) {
          refused.push_back(host);
          continue;
        }
        ++hosts;
        held += more;
      }
    }
    if (refused.empty()) return;
    for (const std::string& host : refused) entries.erase(host);
    note(kEntryBad, bounds_.host,
         fmt::format(
             "{} new hosts, {} among them, have no link: with them there would be more than {} hosts, or "
             "{} addresses of theirs, those that stay closed counted",
             refused.size(), refused.front(), kMaxHosts, kMaxHeld),
         "cuttle mesh revoke, then forget, those that are none of the cluster's, or are gone");
  }

  // Two that are new and want the same: neither is believed, so that all hosts agree whoever looks first.
  void note_contested(std::map<std::string, Entry>& entries) {
    std::set<std::string> contested;
    for (const auto& [a, one] : entries) {
      if (!is_new(one)) continue;
      for (const auto& [b, other] : entries) {
        if (a == b || !is_new(other)) continue;
        const bool address =
            std::any_of(one.addresses.begin(), one.addresses.end(),
                        [&theirs = other.addresses](const IpAddress& own) { return contains(theirs, own); });
        if (!address && !shares_a_key(one, other) && !shares_a_port(one, other)) continue;
        if (is_accepted(one) && !is_accepted(other)) continue;
        contested.insert(a);
        ask_operator(kAddressTaken, a,
                     fmt::format("{} and {} are both new and claim the same {}; neither has a link", a, b,
                                 address ? "address" : "key or endpoint"));
        break;
      }
    }
    for (const std::string& host : contested) entries.erase(host);
  }

  void take(const Entry& entry) {
    Pin* pin = pin_of(entry.host);
    if (pin == nullptr) {
      take_new(entry);
    } else {
      take_known(*pin, entry);
    }
  }

  // Root's own [[peer]] of that key or with one of these addresses: nothing from the store changes it.
  bool is_roots(const Entry& entry) {
    if (!says_the_same_host(bounds_.root_peers, entry)) return false;
    if (!has_its_key(bounds_.root_peers, entry) && !entry.left) {
      note(kAddressTaken, entry.host,
           "a [[peer]] of this host's own file, with another key, has its endpoint or one of its addresses; "
           "that one wins",
           "put that [[peer]] right, or take it out");
    }
    return true;
  }

  // Where signatures are asked for: whether it has one; otherwise it is noted.
  bool may_come_in(const Entry& entry, const char* stays) {
    if (!bounds_.signing_key || is_signed(entry, *bounds_.signing_key)) return true;
    note(kNotSigned, entry.host, fmt::format("its entry is not signed with the operator's key; {}", stays),
         "cuttle mesh sign " + entry.host);
    return false;
  }

  void take_new(const Entry& entry) {
    if (!may_be(entry)) return;  // beside those that came in before it
    Pin pin;
    pin.name = free_name(entry.host);
    pin.entry = entry;
    pin.counter = entry.counter;
    pin.was_up = touches_closed(known(), entry);
    give_addresses(entry, is_given(known(), entry, entry.endpoint.address));
    held_ += held_by(pin);
    known().pins.emplace(entry.host, std::move(pin));
    known().accepted.erase(entry.host);
  }

  void take_known(Pin& pin, const Entry& entry) {
    const bool accepted = is_accepted(entry);
    const bool same_identity = entry.identity == pin.entry.identity;
    const bool signed_anew = bounds_.signing_key && is_signed(entry, *bounds_.signing_key);
    if (pin.standing == Standing::revoked && !accepted) {
      return ask_operator(kRevoked, entry.host,
                          "it was revoked, and is so no more in the store; it has no link");
    }
    if (!same_identity && !accepted && !signed_anew) {
      if (entry.left && pin.standing == Standing::left) return;
      return ask_operator(kKeyChanged, entry.host,
                          "its identity is another than the one that was seen first; that stays in force");
    }
    const bool is_same = pin.standing == Standing::in && says_the_same(entry, pin.entry);
    if (is_same && !(accepted && lacks_some(pin))) return take_same(pin, entry);
    const uint64_t seen = seen_of(known(), pin, entry);
    if (!accepted && entry.counter <= seen) {
      // Of before it left: that is no news.
      const bool of_before = pin.standing == Standing::left && (entry.left || entry.counter < pin.counter);
      if (!of_before) note_old(entry, seen, "what was seen stays in force");
      return;
    }
    if (entry.left) {
      // Another installation's, which was accepted, says nothing of the numbers of the one that was seen.
      if (same_identity || !accepted) pin.counter = entry.counter;
      if (pin.standing == Standing::in) close_pin(pin, Standing::left);
      known().accepted.erase(entry.host);
      return;
    }
    change(pin, entry);
  }

  // Whether another host has what that one says is its own, by root's earlier word.
  bool lacks_some(const Pin& pin) {
    const IpAddress& endpoint = pin.entry.endpoint.address;
    return !pin.lost.empty() || std::any_of(known().pins.begin(), known().pins.end(), [&](const auto& one) {
      return one.first != pin.entry.host && is_linked(one.second, endpoint);
    });
  }

  // What is in force, said again.
  void take_same(Pin& pin, const Entry& entry) {
    if (entry.counter < pin.counter && !is_accepted(entry)) return;
    const Acceptance* acceptance = acceptance_of(entry.host);
    const bool is_over = acceptance != nullptr && acceptance->identity == entry.identity &&
                         acceptance->counter <= entry.counter;
    if (is_over) known().accepted.erase(entry.host);
    set_number(pin, entry);
    pin.entry = entry;  // its signature may be new
  }

  // By root's word it may be lower, or another's: what was seen counts on.
  void set_number(Pin& pin, const Entry& entry) {
    if (entry.identity != pin.entry.identity || entry.counter < pin.counter) {
      remember(known(), entry.host, pin);
    }
    pin.counter = entry.counter;
  }

  void note_old(const Entry& entry, uint64_t seen, const char* stays) {
    note(kEntryOld, entry.host,
         fmt::format("its entry has the number {}, and {} was seen: an old one was put back; {}",
                     entry.counter, seen, stays),
         fmt::format("cuttle mesh join --again on {}; or, to believe it: cuttle mesh accept {}", entry.host,
                     entry.host));
  }

  void change(Pin& pin, const Entry& entry) {
    if (!may_come_in(entry, "what was known of it stays in force")) return;
    if (const std::string why = conflict(entry); !why.empty()) {
      return ask_operator(kAddressTaken, entry.host, why + "; what was known of it stays in force");
    }
    std::vector<IpAddress> closed = addresses_of(pin);
    std::erase_if(closed, [&](const IpAddress& address) { return contains(entry.addresses, address); });
    if (closed.size() > kMaxClosed) {
      return ask_operator(
          kAddressTaken, entry.host,
          fmt::format("it has left more than {} addresses behind; what was known of it stays in force",
                      kMaxClosed));
    }
    const size_t before = held_by(pin);
    const size_t after = closed.size() + entry.addresses.size() + 1;
    if (after > before && held_ - before + after > kMaxHeld) {
      return note(
          kEntryBad, entry.host,
          fmt::format("with its new addresses there would be more than {} of all hosts, those that stay "
                      "closed counted; what was known of it stays in force",
                      kMaxHeld),
          "cuttle mesh revoke, then forget, hosts that are none of the cluster's, or are gone");
    }
    held_ += after - before;
    const bool begins_closed = pin.was_up || pin.standing != Standing::in || touches_closed(known(), entry);
    for (const IpAddress& address : closed) {
      if (!contains(pin.closed, address)) pin.closed.push_back(address);
    }
    std::erase_if(pin.closed, [&](const IpAddress& address) { return contains(entry.addresses, address); });
    std::sort(pin.closed.begin(), pin.closed.end());
    const bool has_endpoint = is_given(known(), entry, entry.endpoint.address);
    set_number(pin, entry);
    pin.was_up = begins_closed;
    pin.standing = Standing::in;
    pin.entry = entry;
    pin.lost.clear();
    give_addresses(entry, has_endpoint);
    known().accepted.erase(entry.host);  // once: later it is its own word that counts
  }

  std::string conflict(const Entry& entry) { return conflict_of(known(), view_.owners, bounds_, entry); }

  // What it has now by the operator's word, no other host has any more.
  void give_addresses(const Entry& entry, bool has_endpoint) {
    const IpAddress& endpoint = entry.endpoint.address;
    for (auto& [host, pin] : known().pins) {
      if (host == entry.host) continue;
      if (pin.standing == Standing::in && pin.entry.endpoint.address == endpoint) {
        close_pin(pin, Standing::left);
      }
      // Cells go there: it leaves the other's link, and stays closed.
      if (has_endpoint && !contains(entry.addresses, endpoint) && is_linked(pin, endpoint)) {
        pin.lost.push_back(endpoint);
        pin.closed.push_back(endpoint);
        std::sort(pin.closed.begin(), pin.closed.end());
      }
      std::erase_if(pin.closed, [&](const IpAddress& address) { return contains(entry.addresses, address); });
      for (const IpAddress& address : pin.entry.addresses) {
        if (contains(entry.addresses, address) && !contains(pin.lost, address)) pin.lost.push_back(address);
      }
    }
  }

  void note_missing() {
    for (const auto& [host, pin] : known().pins) {
      if (pin.standing != Standing::in || view_.entries.contains(host)) continue;
      note(kEntryMissing, host, "its entry is gone from the store; what was known of it stays in force",
           fmt::format(
               "its own cuttle-mesh puts it back; where that host is gone for good: cuttle mesh revoke {0}",
               host));
    }
  }

  // "osd0", or where another has that, "osd0-2".
  std::string free_name(const std::string& host) {
    std::vector<std::string> taken;
    for (const auto& [other, pin] : known().pins) taken.push_back(pin.name);
    for (const PeerConfig& peer : bounds_.root_peers) taken.push_back(peer.name);
    return enroll::peer_name_for(host.substr(0, host.find('.')), taken);
  }

  const StoreView& view_;
  const Bounds& bounds_;
  Reconciled result_;
  size_t held_ = 0;  // addresses, of all that are known
};

}  // namespace

Reconciled reconcile(const Known& before, const StoreView& view, const Bounds& bounds) {
  return Reconciliation(before, view, bounds).run();
}

}  // namespace cuttle::mesh
