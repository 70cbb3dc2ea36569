// The hosts of a running Ceph cluster and their addresses, from what its monitors answer. Pure: texts in,
// values out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.hh"
#include "base/result.hh"

namespace cuttle::enroll {

// What the monitors answered, in JSON (`ceph mon dump --format json` and so on).
struct CephMaps {
  std::string mon_dump;
  std::string osd_dump;
  std::string mon_metadata;
  std::string osd_metadata;
  std::string mgr_metadata;
  std::string mds_metadata;
};

struct Host {
  std::string name;                  // up to the first dot of what the daemons call their host
  std::vector<std::string> daemons;  // "mon.a", "osd.0"; empty: a host given by hand, a client's
  std::vector<IpAddress> addresses;  // public ones first, then those of the cluster network; each once

  bool operator==(const Host&) const = default;
};

struct Hosts {
  std::vector<Host> list;          // by name
  std::vector<std::string> notes;  // what the maps name but nobody can place: one line each
};

// Fails on answers of another form, on hosts that share an address or, in two domains, a short name, and when
// there are none.
Result<Hosts> hosts_of(const CephMaps& maps);

// Adds a host that runs no daemon (a client); one of that name gains the address. Fails when another has the
// address.
Result<void> add_host(Hosts& hosts, const std::string& name, const IpAddress& address);

// All addresses in Ceph's writing of them: "10.0.0.1:6789/0", "[v2:10.0.0.1:3300/0,v1:10.0.0.1:6789/0]",
// "[v2:[fd00::1]:3300/0]". Unset ones (all zero) are left out.
std::vector<IpAddress> addresses_in(std::string_view text);

}  // namespace cuttle::enroll
