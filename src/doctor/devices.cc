#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "doctor/examine.hh"
#include "io/egress_lock.hh"
#include "io/interface_name.hh"
#include "node/leftovers.hh"
#include "node/redirect_plan.hh"

namespace cuttle::doctor {

namespace {

// "a, b and c"
std::string names_of(const std::vector<const Link*>& links) {
  std::string text;
  for (size_t i = 0; i < links.size(); ++i) {
    text += i == 0 ? "" : i + 1 == links.size() ? " and " : ", ";
    text += links[i]->name;
  }
  return text;
}

bool is_beside(const Link& link) {
  if (link.name.starts_with(kClockDevicePrefix)) return false;  // ours
  return link.kind == "macvlan" || link.kind == "macvtap" || link.kind == "ipvlan" || link.kind == "ipvtap";
}

// What a guest's end may be, in other words than a way to the network.
bool may_be_guests(const Link& link) {
  return link.kind == "veth" || link.kind == "tun";
}

constexpr const char* kHeld =
    "towards the peers' addresses the lock holds its frames; what comes for it from there is its own";

std::map<std::string, int> given_away(const std::vector<Link>& links) {
  std::map<std::string, int> functions;
  for (const Link& link : links) {
    std::ifstream file("/sys/class/net/" + link.name + "/device/sriov_numvfs");
    if (int count = 0; file >> count) functions[link.name] = count;
  }
  return functions;
}

Findings examine_filters(const std::vector<Link>& devices) {
  Findings findings;
  for (const Link& device : devices) {
    const auto filters = list_filters(device, TrafficHook::egress);
    if (!filters) return {{Mark::unsure, filters.error().message, "run this as root"}};
    const bool foreign = std::any_of(filters->begin(), filters->end(), [](const TrafficFilter& filter) {
      return filter.preference < kLockPlace.preference && !filter.name.starts_with("cuttle-");
    });
    if (!foreign) continue;
    findings.push_back(
        {Mark::unsure,
         fmt::format("a filter of somebody's at the egress of {} is asked before the lock; what it "
                     "lets pass, the lock does not see",
                     device.name),
         fmt::format("`tc filter show dev {} egress` shows it; give it a preference above {}", device.name,
                     kLockPlace.preference)});
  }
  return findings;
}

Findings examine_lock(const NodeConfig& config) {
  const GuardConfig guard = guard_of(config);
  const auto without = devices_locked_wrong(guard);
  if (!without) return {{Mark::unsure, without.error().message, "run this as root"}};
  std::vector<const Link*> unlocked;
  for (const Link& device : *without) {
    // Of a peer that is joining, or under a file that is not in force yet, another lock is right.
    const auto any = find_filter(device, kLockPlace);
    if (!any || !*any) unlocked.push_back(&device);
  }
  if (unlocked.empty()) return {{Mark::good, "the lock is at the egress of all devices", ""}};
  return {
      {Mark::bad, "the lock is missing at the egress of " + names_of(unlocked),
       "a running agent puts it there within seconds, or its log says why not; otherwise `cuttle close`"}};
}

}  // namespace

Findings examine_guests(const std::vector<Link>& links, const std::map<std::string, int>& functions) {
  Findings findings;
  for (const auto& [device, count] : functions) {
    if (count == 0) continue;
    findings.push_back(
        {Mark::unsure,
         fmt::format("{} gives {} SR-IOV functions away: guests on them meet neither guard nor lock", device,
                     count),
         "keep the peers' addresses from them in the card or the switch, or on a network of their own"});
  }
  for (const Link& link : links) {
    if (is_beside(link)) {
      findings.push_back({Mark::unsure,
                          fmt::format("{} is {} {}: who uses it does not meet the guard", link.name,
                                      link.kind.starts_with('i') ? "an" : "a", link.kind),
                          kHeld});
    }
    if (link.kind != "bridge") continue;
    std::vector<const Link*> guests;
    std::vector<const Link*> ways_out;
    for (const Link& port : links) {
      if (port.master == link.index) (may_be_guests(port) ? guests : ways_out).push_back(&port);
    }
    if (guests.empty() || ways_out.empty()) continue;
    findings.push_back({Mark::unsure,
                        fmt::format("the bridge {} joins {} with {}: guests there do not meet the guard",
                                    link.name, names_of(ways_out), names_of(guests)),
                        kHeld});
  }
  if (findings.empty()) findings.push_back({Mark::good, "no guests are seen beside this node", ""});
  return findings;
}

Findings examine_devices(const NodeConfig& config) {
  const auto links = list_links();
  if (!links) return {{Mark::unsure, links.error().message, "run this as root"}};
  Findings findings = examine_guests(*links, given_away(*links));
  if (!is_closed(config)) return findings;  // nothing of ours is there yet
  for (Finding& finding : examine_lock(config)) findings.push_back(std::move(finding));
  for (Finding& finding : examine_filters(*links)) findings.push_back(std::move(finding));
  return findings;
}

}  // namespace cuttle::doctor
