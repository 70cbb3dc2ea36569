#include "mesh/owners.hh"

#include <nlohmann/json.hpp>

#include "config/host_name.hh"
#include "enroll/hosts.hh"

namespace cuttle::mesh {

namespace {

using Json = nlohmann::json;

std::string string_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

void add_owners(Owners& owners, const std::string& metadata) {
  const Json list = Json::parse(metadata, nullptr, false);
  if (!list.is_array()) return;
  for (const Json& daemon : list) {
    if (!daemon.is_object()) continue;
    const auto host = parse_host_name(in_lower_case(string_of(daemon, "hostname")));
    if (!host || *host == "unknown") continue;
    for (const char* key : {"addrs", "addr", "front_addr", "back_addr"}) {
      for (const IpAddress& address : enroll::addresses_in(string_of(daemon, key)))
        owners[address].insert(*host);
    }
  }
}

bool may_be_same_host(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const size_t dot_a = a.find('.');
  const size_t dot_b = b.find('.');
  if (dot_a != std::string::npos && dot_b != std::string::npos) return false;
  return a.substr(0, dot_a) == b.substr(0, dot_b);
}

}  // namespace cuttle::mesh
