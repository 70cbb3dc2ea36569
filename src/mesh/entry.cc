#include "mesh/entry.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/host_name.hh"

namespace cuttle::mesh {

namespace {

using Json = nlohmann::json;

// What is signed: the values in one order and one writing, none of which can hold a line feed. `purpose`
// keeps a proof from ever being a signature.
std::string canonical(const Entry& entry, std::string_view purpose) {
  std::string text = fmt::format("cuttle mesh {} {}\nhost {}\nidentity {}\ncounter {}\n", purpose,
                                 kEntryVersion, entry.host, entry.identity.to_string(), entry.counter);
  if (entry.left) return text + "left\n";
  text += fmt::format("key {}\n", entry.key.to_string());
  if (entry.next_key) text += fmt::format("next_key {}\n", entry.next_key->to_string());
  text += fmt::format("endpoint {}\n", entry.endpoint.to_string());
  for (const IpAddress& address : entry.addresses) text += fmt::format("address {}\n", address.to_string());
  return text + fmt::format("lanes {}\n", entry.lanes);
}

constexpr std::string_view kProof = "proof";
constexpr std::string_view kSignature = "signature";

// Reads the members of one object; the first thing that is wrong is kept.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  bool has(const char* key) const { return json_.contains(key); }

  template <typename Parse>
  auto parsed(const char* key, Parse parse)
      -> std::optional<std::decay_t<decltype(*parse(std::string_view()))>> {
    const auto found = json_.find(key);
    if (found == json_.end() || !found->is_string()) return note(key, "is no text");
    auto value = parse(std::string_view(found->get_ref<const std::string&>()));
    if (!value) return note(key, "is not what it should be");
    return *value;
  }

  std::optional<uint64_t> number(const char* key, uint64_t min, uint64_t max) {
    const auto found = json_.find(key);
    if (found == json_.end() || !found->is_number_unsigned()) return note(key, "is no number");
    const auto value = found->get<uint64_t>();
    if (value < min || value > max) return note(key, "is out of range");
    return value;
  }

  std::vector<IpAddress> addresses(const char* key) {
    std::vector<IpAddress> list;
    const auto found = json_.find(key);
    if (found == json_.end() || !found->is_array() || found->empty() || found->size() > kMaxAddresses) {
      note(key, fmt::format("is no list of 1 to {} addresses", kMaxAddresses));
      return list;
    }
    for (const Json& item : *found) {
      const auto address =
          item.is_string() ? IpAddress::parse(item.get_ref<const std::string&>()) : std::nullopt;
      if (!address || !is_unicast(*address)) {
        note(key, "has what is no address of a host");
        return list;
      }
      list.push_back(*address);
    }
    std::sort(list.begin(), list.end());
    if (std::adjacent_find(list.begin(), list.end()) != list.end()) note(key, "has one twice");
    return list;
  }

  std::nullopt_t note(const char* key, const std::string& what) {
    if (problem_.empty()) problem_ = fmt::format("\"{}\" {}", key, what);
    return std::nullopt;
  }
  const std::string& problem() const { return problem_; }

  static bool is_unicast(const IpAddress& address) {
    if (address.is_v6) {
      return address.bytes[0] != 0xff && !address.is_link_local() && !address.holds_ipv4();
    }
    return address.bytes[0] != 127 && address.bytes[0] != 0 && address.bytes[0] < 224;
  }

 private:
  const Json& json_;
  std::string problem_;
};

void read_signatures(Reader& reader, Entry& entry) {
  if (reader.has("proof")) entry.proof = reader.parsed("proof", Signature::parse);
  if (reader.has("signature")) entry.signature = reader.parsed("signature", Signature::parse);
}

void read_node(Reader& reader, Entry& entry) {
  entry.key = reader.parsed("key", PublicKey::parse).value_or(PublicKey());
  if (reader.has("next_key")) entry.next_key = reader.parsed("next_key", PublicKey::parse);
  if (entry.next_key == entry.key) reader.note("next_key", "is the same as \"key\"");
  entry.endpoint = reader.parsed("endpoint", Endpoint::parse).value_or(Endpoint());
  entry.lanes = static_cast<uint32_t>(reader.number("lanes", 1, kMaxLanes).value_or(1));
  if (!Reader::is_unicast(entry.endpoint.address) || entry.endpoint.port == 0 ||
      entry.endpoint.port + entry.lanes - 1 > UINT16_MAX) {
    reader.note("endpoint", "is no address and port of a host");
  }
  entry.addresses = reader.addresses("addresses");
}

}  // namespace

bool says_the_same(const Entry& a, const Entry& b) {
  return a.host == b.host && a.identity == b.identity && a.left == b.left && a.key == b.key &&
         a.next_key == b.next_key && a.endpoint == b.endpoint && a.addresses == b.addresses &&
         a.lanes == b.lanes;
}

bool has_key(const Entry& entry, const PublicKey& key) {
  return entry.key.number() == key.number() || (entry.next_key && entry.next_key->number() == key.number());
}

bool shares_a_key(const Entry& a, const Entry& b) {
  return has_key(b, a.key) || (a.next_key && has_key(b, *a.next_key));
}

std::optional<std::string> who_claims(const PublicKey& key, const std::string& host,
                                      const std::map<std::string, std::string>& entries) {
  for (const auto& [other, text] : entries) {
    if (other == host) continue;
    const auto entry = parse_proved_entry(other, text);
    if (entry && !entry->left && has_key(*entry, key)) return other;
  }
  return std::nullopt;
}

std::string to_json(const Entry& entry) {
  nlohmann::ordered_json json = {{"version", kEntryVersion},
                                 {"host", entry.host},
                                 {"identity", entry.identity.to_string()},
                                 {"counter", entry.counter}};
  if (entry.left) {
    json["left"] = true;
  } else {
    json["key"] = entry.key.to_string();
    if (entry.next_key) json["next_key"] = entry.next_key->to_string();
    json["endpoint"] = entry.endpoint.to_string();
    json["addresses"] = nlohmann::ordered_json::array();
    for (const IpAddress& address : entry.addresses) json["addresses"].push_back(address.to_string());
    json["lanes"] = entry.lanes;
  }
  if (entry.proof) json["proof"] = entry.proof->to_string();
  if (entry.signature) json["signature"] = entry.signature->to_string();
  return json.dump();
}

Result<Entry> parse_entry(std::string_view host, std::string_view text) {
  if (text.size() > kLongestEntry) {
    return failure(fmt::format("{} bytes long, where {} are the most", text.size(), kLongestEntry));
  }
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return failure("no JSON object");
  Reader reader(json);
  const auto version = reader.number("version", 0, UINT64_MAX);
  if (!version) return failure(reader.problem());
  if (*version != kEntryVersion) {
    return failure(fmt::format("version {} of the format, and this program knows {}: upgrade it", *version,
                               kEntryVersion));
  }
  Entry entry;
  entry.host = reader.parsed("host", parse_host_name).value_or("");
  if (entry.host != host) reader.note("host", "is not the host that the key names");
  entry.identity = reader.parsed("identity", VerifyingKey::parse).value_or(VerifyingKey());
  entry.counter = reader.number("counter", 1, UINT64_MAX - 1).value_or(0);
  const auto left = json.find("left");
  if (left != json.end() && !left->is_boolean()) reader.note("left", "is neither true nor false");
  entry.left = left != json.end() && left->is_boolean() && left->get<bool>();
  if (!entry.left) read_node(reader, entry);
  read_signatures(reader, entry);
  if (!reader.problem().empty()) return failure(reader.problem());
  return entry;
}

Result<Entry> parse_proved_entry(std::string_view host, std::string_view text) {
  auto entry = parse_entry(host, text);
  if (!entry) return entry;
  if (!is_proved(*entry)) return failure("it is not proved with the key that it names");
  if (entry->counter > kHighestCounter) return failure("its number is higher than any host's");
  return entry;
}

void prove(Entry& entry, const SigningKey& identity) {
  entry.proof = identity.sign(canonical(entry, kProof));
}

bool is_proved(const Entry& entry) {
  return entry.proof && entry.identity.verifies(*entry.proof, canonical(entry, kProof));
}

void sign(Entry& entry, const SigningKey& desk) {
  entry.signature = desk.sign(canonical(entry, kSignature));
}

bool is_signed(const Entry& entry, const VerifyingKey& desk) {
  return entry.signature && desk.verifies(*entry.signature, canonical(entry, kSignature));
}

}  // namespace cuttle::mesh
