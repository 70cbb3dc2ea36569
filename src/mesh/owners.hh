// Whose an address is by the maps of the cluster's monitors. Pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/ip.hh"

namespace cuttle::mesh {

// By address: the names that daemons there give their host, in lower case. Daemons say what they like, so
// this only ever refuses.
using Owners = std::map<IpAddress, std::set<std::string>>;

// Adds what the answer to "osd metadata" or the like says; what is no such answer adds nothing.
void add_owners(Owners& owners, const std::string& metadata);

// Whether two names may be one host's: the same, or one of them is the other's short form.
bool may_be_same_host(const std::string& a, const std::string& b);

}  // namespace cuttle::mesh
