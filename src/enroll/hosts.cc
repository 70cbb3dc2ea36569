#include "enroll/hosts.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "config/host_name.hh"

namespace cuttle::enroll {

namespace {

using Json = nlohmann::json;

// A daemon says its own name and its host's, and whoever runs it may say anything: what goes into a file's
// comment, or to a terminal, is one line that does nothing there.
std::string readable(std::string text) {
  constexpr size_t kLongest = 200;
  if (text.size() > kLongest) text.resize(kLongest);
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return text;
}

// RFC 1123, section 2.1, and the underscore that some hosts have.
bool is_hostname(const std::string& text) {
  return text.size() <= 255 && text[0] != '.' && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
         });
}

std::string short_name(const std::string& hostname) {
  return hostname.substr(0, hostname.find('.'));
}

// "7" or "a": OSDs have numbers, the others names.
std::string id_of(const Json& daemon) {
  for (const char* key : {"id", "osd"}) {
    if (daemon.contains(key) && daemon[key].is_number()) return std::to_string(daemon[key].get<int64_t>());
  }
  return daemon.value("name", "");
}

class Collector {
 public:
  void take_metadata(const std::string& kind, const std::string& text) {
    for (const Json& daemon : Json::parse(text)) {
      const std::string hostname = in_lower_case(daemon.value("hostname", ""));
      const std::string host = short_name(hostname);
      const std::string name = readable(kind + "." + id_of(daemon));
      if (hostname.empty() || hostname == "unknown") continue;
      if (!is_hostname(hostname)) {
        why_not_ = fmt::format("{} calls its host \"{}\", which is no host's name; look at that daemon", name,
                               readable(hostname));
        continue;
      }
      placed_.insert(name);
      Found& found = hosts_[host];
      found.daemons.push_back(name);
      if (hostname != host) found.full_names.emplace(hostname, name);
      for (const char* key : {"addrs", "addr", "front_addr"}) add(found.front, daemon.value(key, ""));
      add(found.back, daemon.value("back_addr", ""));
    }
  }

  // What is in a map but told nobody where it runs.
  void note_unplaced(const std::string& kind, const Json& daemons) {
    for (const Json& daemon : daemons) {
      const std::string name = readable(kind + "." + id_of(daemon));
      if (placed_.count(name) > 0) continue;
      notes_.push_back(fmt::format(
          "{} is in the map but has not said where it runs; start it, then run this again", name));
    }
  }

  // A host may call itself by its short name here and by its full one there; two full ones are two hosts.
  Result<void> check_names() const {
    if (!why_not_.empty()) return failure(why_not_);
    for (const auto& [name, found] : hosts_) {
      if (found.full_names.size() < 2) continue;
      const auto first = found.full_names.begin();
      const auto second = std::next(first);
      return failure(
          fmt::format("hosts {} ({}) and {} ({}) have one short name: nodes, files and Ceph's own CRUSH map "
                      "go by {}, so give "
                      "one of them another hostname and restart its daemons",
                      first->first, first->second, second->first, second->second, name));
    }
    return {};
  }

  Hosts finish() {
    Hosts hosts;
    for (auto& [name, found] : hosts_) {
      Host host{name, std::move(found.daemons), std::move(found.front)};
      for (const IpAddress& address : found.back) append(host.addresses, address);
      if (host.addresses.empty()) {
        notes_.push_back(fmt::format("host {} has no address in the maps; it is left out", name));
        continue;
      }
      std::sort(host.daemons.begin(), host.daemons.end());
      hosts.list.push_back(std::move(host));
    }
    hosts.notes = std::move(notes_);
    return hosts;
  }

 private:
  struct Found {
    std::vector<std::string> daemons;
    std::map<std::string, std::string> full_names;  // with a domain; and a daemon that calls its host so
    std::vector<IpAddress> front;
    std::vector<IpAddress> back;
  };

  static void append(std::vector<IpAddress>& list, const IpAddress& address) {
    if (!contains(list, address)) list.push_back(address);
  }
  static void add(std::vector<IpAddress>& list, const std::string& text) {
    for (const IpAddress& address : addresses_in(text)) append(list, address);
  }

  std::map<std::string, Found> hosts_;
  std::set<std::string> placed_;
  std::vector<std::string> notes_;
  std::string why_not_;  // a name that is none
};

Result<void> check_distinct(const Hosts& hosts) {
  std::map<IpAddress, std::string> owner;
  for (const Host& host : hosts.list) {
    for (const IpAddress& address : host.addresses) {
      const auto [known, is_new] = owner.emplace(address, host.name);
      if (is_new) continue;
      return failure(fmt::format(
          "hosts {} and {} both have the address {}: links go by address, so every host needs its "
          "own; check their hostnames and the network's addresses",
          known->second, host.name, address.to_string()));
    }
  }
  return {};
}

}  // namespace

std::vector<IpAddress> addresses_in(std::string_view text) {
  std::vector<IpAddress> found;
  const auto take = [&](std::string_view one) {
    const auto address = IpAddress::parse(one);
    if (address && *address != IpAddress{address->is_v6, {}}) found.push_back(*address);
  };
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view one = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    // "[v2:" at the beginning of a list, "v1:" within it; an IPv6 address has brackets of its own.
    if (one.starts_with("[v")) one.remove_prefix(1);
    if (one.starts_with("v1:") || one.starts_with("v2:")) one.remove_prefix(3);
    if (one.starts_with('[')) {
      take(one.substr(1, one.find(']') - 1));
    } else {
      take(one.substr(0, one.find(':')));
    }
  }
  return found;
}

Result<Hosts> hosts_of(const CephMaps& maps) {
  try {
    Collector collector;
    collector.take_metadata("mon", maps.mon_metadata);
    collector.take_metadata("osd", maps.osd_metadata);
    collector.take_metadata("mgr", maps.mgr_metadata);
    collector.take_metadata("mds", maps.mds_metadata);
    collector.note_unplaced("mon", Json::parse(maps.mon_dump).at("mons"));
    collector.note_unplaced("osd", Json::parse(maps.osd_dump).at("osds"));
    if (const auto names = collector.check_names(); !names) return tl::unexpected(names.error());
    Hosts hosts = collector.finish();
    if (hosts.list.empty()) return failure("the cluster's maps name no host with an address");
    if (const auto distinct = check_distinct(hosts); !distinct) return tl::unexpected(distinct.error());
    return hosts;
  } catch (const Json::exception& error) {
    return failure(
        fmt::format("the cluster's answer has another form than expected: {}", readable(error.what())));
  }
}

Result<void> add_host(Hosts& hosts, const std::string& name, const IpAddress& address) {
  const auto known =
      std::find_if(hosts.list.begin(), hosts.list.end(), [&](const Host& host) { return host.name == name; });
  if (known != hosts.list.end()) {
    if (!contains(known->addresses, address)) {
      known->addresses.push_back(address);
    }
  } else {
    hosts.list.push_back({name, {}, {address}});
  }
  return check_distinct(hosts);
}

}  // namespace cuttle::enroll
