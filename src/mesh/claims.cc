#include "mesh/claims.hh"

#include <fmt/format.h>

namespace cuttle::mesh {

namespace {

// Its pin, where that is a link of the same identity.
const Pin* link_of(const Known& known, const Entry& entry) {
  const auto found = known.pins.find(entry.host);
  if (found == known.pins.end()) return nullptr;
  const Pin& pin = found->second;
  return pin.standing == Standing::in && pin.entry.identity == entry.identity ? &pin : nullptr;
}

// Whether that is its own: by the operator's word, or because it has been until now.
bool has_address(const Known& known, const Entry& entry, const IpAddress& address) {
  const Pin* pin = link_of(known, entry);
  return is_given(known, entry, address) || (pin != nullptr && is_linked(*pin, address));
}
bool has_endpoint(const Known& known, const Entry& entry) {
  const Pin* pin = link_of(known, entry);
  return is_given(known, entry, entry.endpoint.address) ||
         (pin != nullptr && pin->entry.endpoint.address == entry.endpoint.address);
}

std::string conflict_at(const Known& known, const Owners& owners, const Bounds& bounds, const Entry& entry,
                        const IpAddress& address, bool is_its) {
  if (contains(bounds.own_addresses, address)) {
    return fmt::format("it claims {}, an address of this host's own", address.to_string());
  }
  if (contains(bounds.ends_of_networks, address)) {
    return fmt::format("it claims {}, which means all hosts of a network here", address.to_string());
  }
  if (!bounds.may_have(address)) {
    return fmt::format("it claims {}, which is outside mesh.networks of this host", address.to_string());
  }
  if (is_its) return {};
  for (const auto& [host, pin] : known.pins) {
    const bool its =
        holds(pin, address) || (pin.standing == Standing::in && pin.entry.endpoint.address == address);
    if (host != entry.host && its)
      return fmt::format("it claims {}, an address of {}", address.to_string(), host);
  }
  const auto owner = owners.find(address);
  if (owner == owners.end()) return {};
  for (const std::string& name : owner->second) {
    if (!may_be_same_host(name, entry.host)) {
      return fmt::format("it claims {}, where daemons of {} are by the cluster's maps", address.to_string(),
                         name);
    }
  }
  return {};
}

}  // namespace

bool shares_a_port(const Entry& a, const Entry& b) {
  return ports_overlap(a.endpoint, a.lanes, b.endpoint, b.lanes);
}

bool is_given(const Known& known, const Entry& entry, const IpAddress& address) {
  return is_accepted(known, entry) && contains(known.accepted.at(entry.host).addresses, address);
}

std::vector<MeshProblem> undecided_problems(const Known& known) {
  std::vector<MeshProblem> problems;
  for (const auto& [host, pin] : known.pins) {
    for (const IpAddress& address : undecided_addresses(known, host)) {
      problems.push_back(
          {kAddressTaken, host,
           fmt::format(
               "{} was another host's by root's word, which is gone, and is one that "
               "several hosts had before: it is in no link, and stays closed, until the one whose it is "
               "is accepted",
               address.to_string()),
           "cuttle mesh accept " + host});
    }
  }
  return problems;
}

std::string conflict_of(const Known& known, const Owners& owners, const Bounds& bounds, const Entry& entry) {
  if (bounds.own && (shares_a_key(entry, *bounds.own) || entry.identity == bounds.own->identity)) {
    return "it claims this host's own key";
  }
  if (bounds.own && bounds.own->endpoint.address.is_v6 != entry.endpoint.address.is_v6) {
    return fmt::format("its endpoint is {}, of another version of IP than this host's",
                       entry.endpoint.to_string());
  }
  const bool has_its_endpoint = has_endpoint(known, entry);
  for (const auto& [host, pin] : known.pins) {
    if (host == entry.host || pin.standing != Standing::in) continue;
    if (entry.identity == pin.entry.identity || shares_a_key(entry, pin.entry)) {
      return fmt::format("it claims the key of {}", host);
    }
    if (shares_a_port(entry, pin.entry) && !has_its_endpoint) {
      return fmt::format("it claims the endpoint of {}, {}", host, pin.entry.endpoint.to_string());
    }
  }
  const auto conflict = [&](const IpAddress& address, bool is_its) {
    return conflict_at(known, owners, bounds, entry, address, is_its);
  };
  if (std::string why = conflict(entry.endpoint.address, has_its_endpoint); !why.empty()) return why;
  for (const IpAddress& address : entry.addresses) {
    if (std::string why = conflict(address, has_address(known, entry, address)); !why.empty()) return why;
  }
  return {};
}

}  // namespace cuttle::mesh
