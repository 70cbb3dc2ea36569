#include "access.hh"

#include <algorithm>
#include <filesystem>

#include "config/host_name.hh"
#include "io/routes.hh"

namespace cuttle::mesh {

namespace {

namespace fs = std::filesystem;
constexpr char kFolder[] = "/etc/cuttle";

}  // namespace

std::string one_line_of(std::string text) {
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text.substr(0, 300);
}

void add_access(CLI::App& command, CephAccess& access) {
  command.add_option("--conf", access.configuration, "Ceph's configuration")->type_name("FILE");
  command.add_option("--name", access.name, "Whom to ask as")->capture_default_str();
  command.add_option("--keyring", access.keyring, "The keyring of that name")->type_name("FILE");
  command.add_option("--timeout", access.timeout_s, "Seconds to wait for the monitors")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
}

void add_config(CLI::App& command, std::string& config) {
  command
      .add_option("--config", config,
                  "The node's configuration; by default the one in /etc/cuttle that has a [mesh]")
      ->type_name("FILE");
}

Result<NodeFile> node_of(const std::string& config) {
  if (!config.empty()) return read_node_file(config);
  std::vector<NodeFile> found;
  std::error_code error;
  for (fs::directory_iterator entry(kFolder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != ".toml") continue;
    if (auto node = read_node_file(entry->path().string())) found.push_back(std::move(*node));
  }
  if (found.size() == 1) return std::move(found.front());
  if (found.empty()) {
    return failure(
        fmt::format("no configuration in {} has a [mesh]: `cuttle mesh join` writes one, or name it "
                    "with --config",
                    kFolder));
  }
  return failure(fmt::format("several configurations in {} have a [mesh]; name one with --config", kFolder));
}

CephAccess access_of(const NodeFile& node) {
  const MeshConfig& mesh = *node.config.mesh;
  return {.configuration = mesh.ceph_conf, .name = mesh.ceph_name, .keyring = mesh.keyring};
}

Result<std::string> host_argument(const std::string& text) {
  const auto host = parse_host_name(text);
  if (host) return *host;
  return failure(
      fmt::format("'{}': not a host's name in lower case, as `cuttle mesh status` shows them", text));
}

Result<std::vector<IpPrefix>> network_arguments(const std::vector<std::string>& texts) {
  std::vector<IpPrefix> networks;
  for (const std::string& text : texts) {
    const auto network = IpPrefix::parse(text);
    if (!network) return failure(fmt::format("--network {}: not a network; write \"10.77.0.0/24\"", text));
    networks.push_back(*network);
  }
  return networks;
}

Result<VerifyingKey> signing_key_argument(const std::string& text) {
  auto key = VerifyingKey::parse(text);
  if (!key) return failure("--signing-key: not the public half of a key, as `cuttle mesh genkey` prints it");
  return key;
}

std::string after_blanks(const std::vector<IpAddress>& addresses) {
  std::string text;
  for (const IpAddress& address : addresses) text += " " + address.to_string();
  return text;
}

Result<std::vector<IpAddress>> own_addresses() {
  const auto local = local_addresses();
  if (!local) return tl::unexpected(local.error());
  std::vector<IpAddress> own;
  for (const LocalAddress& one : *local) {
    if (one.interface != "lo" && !one.address.is_link_local()) own.push_back(one.address);
  }
  return own;
}

MachineAddresses machine_addresses() {
  const auto local = local_addresses();
  return local ? addresses_of_machine(*local) : MachineAddresses();
}

}  // namespace cuttle::mesh
