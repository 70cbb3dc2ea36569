#include "mesh/known.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/printable.hh"
#include "config/host_name.hh"

namespace cuttle::mesh {

namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr const char* kStandings[] = {"in", "left", "revoked"};

Json texts_of(const std::vector<IpAddress>& addresses) {
  Json list = Json::array();
  for (const IpAddress& address : addresses) list.push_back(address.to_string());
  return list;
}

// Throws what is caught below.
std::vector<IpAddress> addresses_in(const Json& list) {
  std::vector<IpAddress> addresses;
  for (const Json& item : list) addresses.push_back(IpAddress::parse(item.get<std::string>()).value());
  return addresses;
}

// The file is cuttle-mesh's, and `cuttle mesh status` shows it to root.
std::string host_of(const std::string& key) {
  return parse_host_name(key).value();
}

Pin pin_of(const std::string& host, const Json& json) {
  Pin pin;
  pin.name = json.at("name").get<std::string>();
  if (printable(pin.name) != pin.name) throw std::bad_optional_access();
  auto entry = parse_entry(host, json.at("entry").get<std::string>());
  if (!entry) throw std::bad_optional_access();
  pin.entry = std::move(*entry);
  pin.counter = json.at("counter").get<uint64_t>();
  const auto standing = json.at("standing").get<std::string>();
  const auto* found = std::find(std::begin(kStandings), std::end(kStandings), standing);
  if (found == std::end(kStandings)) throw std::bad_optional_access();
  pin.standing = static_cast<Standing>(found - std::begin(kStandings));
  pin.was_up = json.at("was_up").get<bool>();
  pin.closed = addresses_in(json.at("closed"));
  pin.lost = addresses_in(json.at("lost"));
  return pin;
}

}  // namespace

std::string to_json(const Known& known) {
  Json pins = Json::object();
  for (const auto& [host, pin] : known.pins) {
    pins[host] = {{"name", pin.name},          {"entry", to_json(pin.entry)},
                  {"counter", pin.counter},    {"standing", kStandings[static_cast<int>(pin.standing)]},
                  {"was_up", pin.was_up},      {"closed", texts_of(pin.closed)},
                  {"lost", texts_of(pin.lost)}};
  }
  Json accepted = Json::object();
  for (const auto& [host, acceptance] : known.accepted) {
    accepted[host] = {{"identity", acceptance.identity.to_string()},
                      {"addresses", texts_of(acceptance.addresses)},
                      {"counter", acceptance.counter}};
  }
  Json forgotten = Json::object();
  for (const auto& [host, its] : known.forgotten) {
    forgotten[host] = {{"counter", its.counter}, {"revoked", its.revoked}, {"by_identity", its.by_identity}};
  }
  return Json{{"version", kVersion}, {"pins", pins}, {"accepted", accepted}, {"forgotten", forgotten}}.dump(
             1) +
         "\n";
}

Result<Known> parse_known(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("version") != kVersion) return failure("of another version than this program's");
    Known known;
    for (const auto& [host, pin] : json.at("pins").items()) known.pins[host_of(host)] = pin_of(host, pin);
    for (const auto& [host, acceptance] : json.at("accepted").items()) {
      const auto identity = VerifyingKey::parse(acceptance.at("identity").get<std::string>());
      if (!identity) return failure("damaged");
      // No number in files of earlier versions.
      known.accepted[host_of(host)] = {*identity, addresses_in(acceptance.at("addresses")),
                                       acceptance.value("counter", uint64_t{0})};
    }
    // Not in files of earlier versions.
    const Json forgotten = json.value("forgotten", Json::object());
    for (const auto& [host, its] : forgotten.items()) {
      known.forgotten[host_of(host)] = {its.at("counter").get<uint64_t>(), its.at("revoked").get<bool>(),
                                        its.value("by_identity", std::map<std::string, uint64_t>())};
    }
    return known;
  } catch (const std::exception&) {
    return failure("damaged");
  }
}

std::vector<IpAddress> linked_addresses(const Pin& pin) {
  std::vector<IpAddress> linked;
  if (pin.standing != Standing::in) return linked;
  for (const IpAddress& address : pin.entry.addresses) {
    if (!contains(pin.lost, address)) linked.push_back(address);
  }
  return linked;
}

std::vector<IpAddress> addresses_of(const Pin& pin) {
  std::vector<IpAddress> all = pin.closed;
  const std::vector<IpAddress> linked = linked_addresses(pin);
  all.insert(all.end(), linked.begin(), linked.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

size_t held_by(const Pin& pin) {
  const auto& own = pin.entry.addresses;
  const auto closed_besides = std::count_if(pin.closed.begin(), pin.closed.end(),
                                            [&](const IpAddress& one) { return !contains(own, one); });
  return own.size() + static_cast<size_t>(closed_besides) + 1;
}

bool is_linked(const Pin& pin, const IpAddress& address) {
  return pin.standing == Standing::in && contains(pin.entry.addresses, address) &&
         !contains(pin.lost, address);
}

bool holds(const Pin& pin, const IpAddress& address) {
  return contains(pin.closed, address) || is_linked(pin, address);
}

bool touches_closed(const Known& known, const Entry& entry) {
  const auto touches = [&](const std::string& host, const Pin& pin, const IpAddress& address) {
    return host == entry.host ? contains(pin.closed, address) : holds(pin, address);
  };
  return std::any_of(known.pins.begin(), known.pins.end(), [&](const auto& one) {
    const auto& [host, pin] = one;
    return touches(host, pin, entry.endpoint.address) ||
           std::any_of(entry.addresses.begin(), entry.addresses.end(),
                       [&, &name = host, &its = pin](const IpAddress& address) {
                         return touches(name, its, address);
                       });
  });
}

uint64_t seen_of(const Known& known, const Pin& pin, const Entry& entry) {
  const auto forgotten = known.forgotten.find(entry.host);
  if (forgotten == known.forgotten.end()) return pin.counter;
  const Forgotten& its = forgotten->second;
  // A file of an earlier version does not say whose they were.
  if (entry.identity != pin.entry.identity || its.by_identity.empty())
    return std::max(pin.counter, its.counter);
  const auto own = its.by_identity.find(entry.identity.to_string());
  return own == its.by_identity.end() ? pin.counter : std::max(pin.counter, own->second);
}

bool is_accepted(const Known& known, const Entry& entry) {
  const auto accepted = known.accepted.find(entry.host);
  if (accepted == known.accepted.end() || accepted->second.identity != entry.identity) return false;
  uint64_t highest = accepted->second.counter;
  if (entry.counter == highest) return !entry.left;  // nobody accepts a tombstone
  const auto pin = known.pins.find(entry.host);
  if (pin != known.pins.end() && pin->second.entry.identity == entry.identity) {
    highest = std::max(highest, pin->second.counter);
  }
  const auto forgotten = known.forgotten.find(entry.host);
  if (forgotten != known.forgotten.end()) {
    const Forgotten& its = forgotten->second;
    const auto own = its.by_identity.find(entry.identity.to_string());
    // A file of an earlier version does not say whose they were.
    if (its.by_identity.empty()) highest = std::max(highest, its.counter);
    if (own != its.by_identity.end()) highest = std::max(highest, own->second);
  }
  return entry.counter > highest;
}

void close_pin(Pin& pin, Standing standing) {
  pin.closed = addresses_of(pin);
  pin.standing = standing;
  pin.was_up = true;
}

namespace {

// Whether a host besides that one has it, or cells of a link go there.
bool is_anothers(const Known& known, const std::string& host, const IpAddress& address) {
  return std::any_of(known.pins.begin(), known.pins.end(), [&](const auto& other) {
    const Pin& its = other.second;
    const bool has_endpoint = its.standing == Standing::in && its.entry.endpoint.address == address;
    return other.first != host && (holds(its, address) || has_endpoint);
  });
}

// Those with a link that would have it, had it not gone to another.
std::vector<std::string> losers_of(const Known& known, const IpAddress& address) {
  std::vector<std::string> losers;
  for (const auto& [host, pin] : known.pins) {
    if (pin.standing == Standing::in && contains(pin.lost, address)) losers.push_back(host);
  }
  return losers;
}

}  // namespace

void return_lost(Known& known) {
  for (auto& [host, pin] : known.pins) {
    std::vector<IpAddress> stay_lost;
    for (const IpAddress& address : pin.lost) {
      const std::vector<std::string> losers = losers_of(known, address);
      const bool is_free = !is_anothers(known, host, address);
      if (is_free && losers.size() < 2) continue;
      stay_lost.push_back(address);
      for (size_t i = 0; is_free && i < losers.size(); ++i) {
        std::vector<IpAddress>& closed = known.pins.at(losers[i]).closed;
        if (!contains(closed, address)) closed.push_back(address);
        std::sort(closed.begin(), closed.end());
      }
    }
    if (stay_lost.size() < pin.lost.size()) pin.was_up = true;
    pin.lost = std::move(stay_lost);
  }
}

std::vector<IpAddress> undecided_addresses(const Known& known, const std::string& host) {
  std::vector<IpAddress> undecided;
  const Pin& pin = known.pins.at(host);
  if (pin.standing != Standing::in) return undecided;
  for (const IpAddress& address : pin.lost) {
    const bool is_given = std::any_of(known.pins.begin(), known.pins.end(), [&](const auto& one) {
      const Pin& its = one.second;
      return is_linked(its, address) ||
             (its.standing == Standing::in && its.entry.endpoint.address == address);
    });
    if (!is_given && contains(pin.closed, address) && losers_of(known, address).size() > 1)
      undecided.push_back(address);
  }
  return undecided;
}

void remember(Known& known, const std::string& host, const Pin& pin) {
  Forgotten& its = known.forgotten[host];
  uint64_t& of_identity = its.by_identity[pin.entry.identity.to_string()];
  for (uint64_t* highest : {&its.counter, &of_identity}) *highest = std::max(*highest, pin.counter);
}

void accept(Known& known, const Entry& entry) {
  Acceptance& acceptance = known.accepted[entry.host] = {entry.identity, entry.addresses, entry.counter};
  acceptance.addresses.push_back(entry.endpoint.address);
}

Result<std::vector<IpAddress>> forget(Known& known, const std::string& host) {
  const auto found = known.pins.find(host);
  if (found == known.pins.end()) return failure(fmt::format("{} is not known here", host));
  const Pin& pin = found->second;
  if (pin.standing == Standing::in) {
    return failure(
        fmt::format("{0} is in the mesh: first let it leave, or at the desk: cuttle mesh revoke {0}", host));
  }
  std::vector<IpAddress> opens = pin.closed;
  remember(known, host, pin);
  known.forgotten.at(host).revoked = pin.standing == Standing::revoked;
  known.pins.erase(found);
  known.accepted.erase(host);
  return_lost(known);
  // Into another's link nothing opens.
  std::erase_if(opens, [&](const IpAddress& address) {
    return std::any_of(known.pins.begin(), known.pins.end(),
                       [&](const auto& other) { return holds(other.second, address); });
  });
  return opens;
}

}  // namespace cuttle::mesh
