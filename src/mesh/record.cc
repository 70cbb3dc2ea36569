#include "mesh/record.hh"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "mesh/entry.hh"

namespace cuttle::mesh {

namespace {

using Json = nlohmann::json;
constexpr int kRecordVersion = 1;

}  // namespace

std::string to_json(const Record& record) {
  nlohmann::ordered_json json = {{"version", kRecordVersion}, {"rate", record.rate},
                                 {"slot", record.slot},       {"port", record.port},
                                 {"lanes", record.lanes},     {"joining", record.joining}};
  json["networks"] = nlohmann::ordered_json::array();
  for (const IpPrefix& network : record.networks) json["networks"].push_back(network.to_string());
  if (record.signing_key) json["signing_key"] = record.signing_key->to_string();
  return json.dump();
}

Result<Record> parse_record(std::string_view text) {
  const auto bad = [](const std::string& what) {
    return failure("cuttle/mesh in the monitors' store " + what +
                   "; `cuttle mesh init --again` writes it anew");
  };
  if (text.size() > kLongestEntry) return bad("is too long");
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return bad("is no JSON object");
  const auto version = json.find("version");
  if (version == json.end() || *version != kRecordVersion) {
    return bad(fmt::format("is of another version than {}: upgrade cuttle-mesh, or", kRecordVersion));
  }
  try {
    Record record;
    record.rate = json.at("rate").get<std::string>();
    record.slot = json.at("slot").get<std::string>();
    const auto port = json.at("port").get<uint64_t>();
    const auto lanes = json.at("lanes").get<uint64_t>();
    record.joining = json.at("joining").get<bool>();
    const auto slot = parse_duration(record.slot);
    if (!parse_rate(record.rate) || !slot || port == 0 || port > UINT16_MAX || lanes == 0 ||
        lanes > kMaxLanes) {
      return bad("has a rate, slot, port or number of lanes that is none");
    }
    record.port = static_cast<uint16_t>(port);
    record.lanes = static_cast<uint32_t>(lanes);
    for (const Json& item : json.at("networks")) {
      const auto network = IpPrefix::parse(item.get<std::string>());
      if (!network) return bad("names a network that is none");
      record.networks.push_back(*network);
    }
    if (json.contains("signing_key")) {
      const auto key = VerifyingKey::parse(json.at("signing_key").get<std::string>());
      if (!key) return bad("has a signing key that is none");
      record.signing_key = *key;
    }
    return record;
  } catch (const Json::exception&) {
    return bad("lacks what it should have");
  }
}

}  // namespace cuttle::mesh
