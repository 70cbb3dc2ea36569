#include <algorithm>
#include <filesystem>

#include "base/units.hh"
#include "config/sections.hh"

namespace cuttle {

namespace {

constexpr size_t kLongestNodeName = 32;
constexpr size_t kLongestUserName = 32;       // useradd(8)
constexpr size_t kLongestSocketPath = 107;    // sun_path less its final zero, unix(7)
constexpr uint32_t kSmallestInnerMtu = 1280;  // RFC 8200, section 5
constexpr uint32_t kLargestInnerMtu = 65535;
constexpr uint32_t kMaxShards = 64;
constexpr uint32_t kHighestCpu = 4095;
// The main table's rule is 32766: what is not before it leads nothing anywhere.
constexpr uint32_t kLastPreference = 32764;

std::optional<std::string> parse_node_name(std::string_view text) {
  const bool good = !text.empty() && text.size() <= kLongestNodeName && text.front() != '.' &&
                    text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                             c == '-' || c == '_' || c == '.';
                    });
  return good ? std::optional(std::string(text)) : std::nullopt;
}

std::optional<std::string> parse_socket_path(std::string_view text) {
  if (text.size() > kLongestSocketPath || !text.starts_with('/') || text.ends_with('/')) return std::nullopt;
  return std::string(text);
}

std::optional<Duration> parse_poll(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration && *duration <= seconds(1) ? duration : std::nullopt;
}

// The kernel takes whole microseconds; what it would round to 0 is not what was asked for.
std::optional<Duration> parse_cpu_latency(std::string_view text) {
  const auto duration = parse_poll(text);
  return duration && duration->ns % 1000 == 0 ? duration : std::nullopt;
}

// How far ahead trains are handed to a queue.
std::optional<Duration> parse_lead(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration && *duration >= microseconds(100) && *duration <= milliseconds(10) ? duration
                                                                                     : std::nullopt;
}

// From the next handshake but one on; longer than a month, and nobody would miss it.
std::optional<Duration> parse_renewal(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration && *duration >= seconds(1) && *duration <= seconds(31 * 86'400) ? duration : std::nullopt;
}

// As useradd(8) takes them.
std::optional<std::string> parse_user_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const bool good = !text.empty() && text.size() <= kLongestUserName && is_letter(text.front()) &&
                    std::all_of(text.begin(), text.end(),
                                [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; });
  return good ? std::optional(std::string(text)) : std::nullopt;
}

void read_addresses(TomlReader& reader, ParsedConfig& out) {
  for (const TextItem& item : reader.texts("addresses")) {
    const auto address = IpAddress::parse(item.text);
    if (address) {
      out.lines.set(fmt::format("node.addresses[{}]", out.config.addresses.size()), item.line);
      out.config.addresses.push_back(*address);
    } else {
      reader.wrong(item, "not an address; write \"10.77.0.11\" or \"fd00::11\"");
    }
  }
}

void read_accept(TomlReader& reader, ParsedConfig& out) {
  for (const TextItem& item : reader.texts("accept")) {
    const auto prefix = IpPrefix::parse(item.text);
    if (prefix) {
      out.config.accept.push_back(*prefix);
    } else {
      reader.wrong(item, "not an address or prefix; write \"10.77.0.11\" or \"10.88.0.0/24\"");
    }
  }
}

bool is_multicast(const IpPrefix& prefix) {
  return prefix.address.is_v6 ? prefix.length >= 8 && prefix.address.bytes[0] == 0xff
                              : prefix.length >= 4 && prefix.address.bytes[0] >> 4 == 0xe;
}

void read_multicast(TomlReader& reader, ParsedConfig& out) {
  for (const TextItem& item : reader.texts("multicast")) {
    const auto prefix = IpPrefix::parse(item.text);
    auto& groups = out.config.multicast;
    if (!prefix || !is_multicast(*prefix)) {
      reader.wrong(item, "not a multicast group; write \"224.0.0.18\" or \"ff02::12\"");
    } else if (std::any_of(groups.begin(), groups.end(),
                           [&](const IpPrefix& other) { return other.overlaps(*prefix); })) {
      reader.wrong(item, "a group that is named already");
    } else {
      groups.push_back(*prefix);
    }
  }
}

}  // namespace

std::string resolve_path(const std::string& file, const std::string& directory) {
  const std::filesystem::path path(file);
  return path.is_absolute() || directory.empty() ? file : (std::filesystem::path(directory) / path).string();
}

void read_node(TomlReader& reader, const std::string& directory, ParsedConfig& out) {
  NodeConfig& node = out.config;
  reader.require("name", "what this node is called, for example \"osd0\"");
  node.name =
      reader
          .parsed("name", parse_node_name,
                  fmt::format(
                      "not a node name; use 1 to {} of A-Z a-z 0-9 - _ . and begin with a letter or digit",
                      kLongestNodeName))
          .value_or("");
  reader.require("private_key_file", "where this node's key is; `cuttle genkey` makes one");
  if (const auto file = reader.parsed("private_key_file", parse_file_name, kFileNameAdvice)) {
    node.private_key_file = resolve_path(*file, directory);
  }
  reader.require("listen", "the address and UDP port that cells arrive at, for example \"10.77.0.11:4410\"");
  node.listen = reader.parsed("listen", Endpoint::parse, kEndpointAdvice).value_or(Endpoint{});
  read_addresses(reader, out);
  read_accept(reader, out);
  read_multicast(reader, out);
  if (node.listen.port != 0 && node.listen.address == IpAddress{node.listen.address.is_v6, {}}) {
    reader.problem("listen", "any address is not possible; name one of this node's own");
  } else if (!reader.has("addresses") && node.listen.port != 0) {
    node.addresses = {node.listen.address};
  }
  node.control_socket =
      reader
          .parsed("control_socket", parse_socket_path,
                  fmt::format("not a path for a socket; it must begin with / and have at most {} characters",
                              kLongestSocketPath))
          .value_or("/run/cuttle/" + node.name + ".sock");
  node.status_group =
      reader
          .parsed("status_group", parse_user_name,
                  "not the name of a group; it begins with a letter or _, then a-z 0-9 - _ follow")
          .value_or(node.status_group);
  node.renew_preshared =
      reader.parsed("renew_preshared", parse_renewal, "not a duration of 1 s to 31 days; write \"86400 s\"");
  const auto renewed = reader.parsed("renewed_file", parse_file_name, kFileNameAdvice);
  node.renewed_file =
      renewed ? resolve_path(*renewed, directory) : "/var/lib/cuttle/" + node.name + ".preshared";
  node.firewall_mark =
      static_cast<uint32_t>(reader.number("firewall_mark", 1, UINT32_MAX).value_or(node.firewall_mark));
  node.inner_mtu = static_cast<uint32_t>(
      reader.number("inner_mtu", kSmallestInnerMtu, kLargestInnerMtu).value_or(node.inner_mtu));
  node.rule_preference = static_cast<uint32_t>(
      reader.number("rule_preference", 2, kLastPreference).value_or(node.rule_preference));
  const auto table = reader.number("route_table", 1, UINT32_MAX);
  if (table && *table >= 253 && *table <= 255) {
    reader.problem("route_table", "253 to 255 are the kernel's own tables; use another, for example 4410");
  } else if (table) {
    node.route_table = static_cast<uint32_t>(*table);
  }
  reader.finish();
}

void read_runtime(TomlReader& reader, ParsedConfig& out) {
  NodeConfig& node = out.config;
  const auto parse_driver = [](std::string_view text) {
    return text == "native" || text == "seastar" ? std::optional(std::string(text)) : std::nullopt;
  };
  node.driver = reader.parsed("driver", parse_driver, "no such driver; there are \"native\" and \"seastar\"")
                    .value_or(node.driver);
  node.user = reader
                  .parsed("user", parse_user_name,
                          "not the name of a user; it begins with a letter or _, then a-z 0-9 - _ follow")
                  .value_or("");
  node.realtime = reader.boolean("realtime").value_or(node.realtime);
  node.poll_before =
      reader.parsed("poll_before", parse_poll, "not a duration of at most 1 s; write \"100 us\"")
          .value_or(node.poll_before);
  node.cpu_latency = reader.parsed("cpu_latency", parse_cpu_latency,
                                   "not a duration of whole microseconds, at most 1 s; write \"0 us\"");
  const auto parse_release = [](std::string_view text) -> std::optional<ReleaseBy> {
    if (text == "auto") return ReleaseBy::best;
    if (text == "queue") return ReleaseBy::queue;
    if (text == "thread") return ReleaseBy::thread;
    if (text == "txtime") return ReleaseBy::txtime;
    return std::nullopt;
  };
  node.release =
      reader
          .parsed("release", parse_release,
                  "not what lets cells go; there are \"auto\", \"queue\", \"thread\" and \"txtime\"")
          .value_or(node.release);
  node.lead = reader.parsed("lead", parse_lead, "not a duration of 100 us to 10 ms; write \"1 ms\"");
  node.segmentation = reader.boolean("segmentation").value_or(node.segmentation);
  node.spin = reader.boolean("spin").value_or(node.spin);
  node.shards = static_cast<uint32_t>(reader.number("shards", 1, kMaxShards).value_or(node.shards));
  node.cpus = reader.numbers("cpus", kHighestCpu);
  reader.finish();
}

}  // namespace cuttle
