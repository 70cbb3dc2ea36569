#include "join_host.hh"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>

#include "config/file.hh"
#include "config/host_name.hh"
#include "config/parse.hh"
#include "enroll/node_files.hh"
#include "host_files.hh"
#include "io/file_lock.hh"
#include "mesh/capabilities.hh"
#include "mesh/join_policy.hh"
#include "mesh/next_number.hh"
#include "mesh/peers_text.hh"
#include "mesh/proved_number.hh"

namespace cuttle::mesh {

namespace {

namespace fs = std::filesystem;
constexpr size_t kLongestNodeName = 32;
constexpr size_t kLongestKeyring = 65536;

Result<std::string> host_of(const JoinOptions& options) {
  if (!options.host.empty()) return host_argument(options.host);
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0)
    return failure("this machine has no name; give it with --host");
  return host_argument(in_lower_case(name.data()));
}

struct Places {
  std::string config;
  std::string key;
  std::string identity;
  std::string peers;
  std::string keyring;
};

Places places_of(const JoinOptions& options, const std::string& node) {
  const fs::path folder(options.folder);
  const fs::path state(options.state);
  return {(folder / (node + ".toml")).string(), (folder / (node + ".key")).string(),
          (folder / (node + ".identity")).string(), (state / (node + ".toml")).string(),
          (state / (node + ".keyring")).string()};
}

// Where the caller names none: the usual place, which cephadm and the command of `init` write.
std::string keyring_of(const JoinOptions& options, const std::string& host) {
  if (!options.access.keyring.empty()) return options.access.keyring;
  return fmt::format("/etc/ceph/ceph.{}.keyring", client_of(host));
}

struct Addresses {
  IpAddress listen;
  std::vector<IpAddress> all;
};

// This machine's that the maps give its daemons, or that lie in the mesh's networks.
Result<Addresses> addresses_of_host(const JoinOptions& options, const std::string& host, const Owners& owners,
                                    const std::vector<IpPrefix>& networks) {
  const auto own = own_addresses();
  if (!own) return tl::unexpected(own.error());
  Addresses found;
  const auto is_own = [&](const IpAddress& address) { return contains(*own, address); };
  const auto is_within = [&](const IpAddress& address) {
    return networks.empty() || any_contains(networks, address);
  };
  const auto add = [&](const IpAddress& address) {
    if (!contains(found.all, address)) found.all.push_back(address);
  };
  for (const std::string& text : options.addresses) {
    const auto address = IpAddress::parse(text);
    if (!address || !is_own(*address)) {
      return failure(
          fmt::format("--address {}: no address of this machine's; `ip address` shows them", text));
    }
    add(*address);
  }
  if (options.addresses.empty()) {
    for (const auto& [address, names] : owners) {
      const bool its = std::any_of(names.begin(), names.end(),
                                   [&](const std::string& name) { return may_be_same_host(name, host); });
      if (its && is_own(address) && is_within(address)) add(address);
    }
  }
  if (!options.listen.empty()) {
    const auto address = IpAddress::parse(options.listen);
    if (!address || !is_own(*address)) {
      return failure(
          fmt::format("--listen {}: no address of this machine's; `ip address` shows them", options.listen));
    }
    found.listen = *address;
  } else if (!found.all.empty()) {
    found.listen = found.all.front();
  } else {
    const auto in_network = std::find_if(own->begin(), own->end(), is_within);
    if (in_network == own->end()) {
      return failure("no address of this machine is in the mesh's networks; name one with --listen");
    }
    found.listen = *in_network;
  }
  add(found.listen);
  std::sort(found.all.begin(), found.all.end());
  return found;
}

// Own addresses of a family that `listen` does not have are sources of redirected traffic.
std::string sources_of(const Entry& entry) {
  std::vector<IpAddress> sources{entry.endpoint.address};
  for (const IpAddress& address : entry.addresses) {
    if (address != entry.endpoint.address) sources.push_back(address);
  }
  return enroll::toml_list(sources);
}

Result<Asked> asked_by(const JoinOptions& options) {
  auto networks = network_arguments(options.networks);
  if (!networks) return tl::unexpected(networks.error());
  Asked asked{std::move(*networks), {}};
  if (options.signing_key.empty()) return asked;
  const auto key = signing_key_argument(options.signing_key);
  if (!key) return tl::unexpected(key.error());
  asked.signing_key = *key;
  return asked;
}

std::string config_text(const JoinOptions& options, const std::string& node, const Places& places,
                        const Record& record, const JoinPolicy& policy, const Entry& entry,
                        const CephAccess& access, std::optional<Duration> renew_preshared) {
  std::string text = fmt::format(
      "# Cuttle's configuration of {0}, written by `cuttle mesh join`. docs/configuration.md has every key.\n"
      "# Its peers come from the cluster's monitors, within what [mesh] allows; a [[peer]] here wins over "
      "them.\n\n"
      "[node]\nname = \"{1}\"\nprivate_key_file = \"{2}\"\nlisten = \"{3}\"\naddresses = {4}\n",
      entry.host, node, places.key, entry.endpoint.to_string(), sources_of(entry));
  if (renew_preshared) text += fmt::format("renew_preshared = \"{}\"\n", exact_text(*renew_preshared));
  if (!options.control_socket.empty())
    text += fmt::format("control_socket = \"{}\"\n", options.control_socket);
  text += fmt::format("\n[shape]\nrate = \"{}\"\nslot = \"{}\"\n", record.rate, record.slot);
  if (!options.runtime.empty()) text += fmt::format("\n[runtime]\n{}\n", options.runtime);
  text += fmt::format("\n[mesh]\nhost = \"{}\"\npeers = \"{}\"\n", entry.host, places.peers);
  text += mesh_lines(policy);
  if (!access.configuration.empty()) text += fmt::format("ceph_conf = \"{}\"\n", access.configuration);
  return text + fmt::format("ceph_name = \"{}\"\nkeyring = \"{}\"\n", access.name, places.keyring);
}

// Whether what stands in the store under this host's name may be written over.
Result<void> check_is_this_host(const JoinOptions& options, const std::string& host,
                                const VerifyingKey& identity, const std::optional<std::string>& there) {
  if (!there || options.again) return {};
  const auto entry = parse_entry(host, *there);
  if (!entry || entry->identity == identity || entry->left) return {};  // what it says else is worth nothing
  return failure(fmt::format(
      "{}{} is there already, with the identity of another installation: is there another host of that "
      "name "
      "(then give this one its full name with --host)? If this host was installed anew: `cuttle mesh join "
      "--again`, and `cuttle mesh accept {}` on the others",
      kPeerPrefix, host, host));
}

Result<void> make_folder(const std::string& path, mode_t mode) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return failure(fmt::format("{}: cannot be made: {}", path, error.message()));
  fs::permissions(path, static_cast<fs::perms>(mode), error);
  return {};
}

// Whoever can read it can write this host's entry, and its copy for cuttle-mesh alone would not change that.
Result<void> check_keyring(const std::string& path) {
  const auto read = read_text_file(path, kLongestKeyring);
  if (!read || (read->mode & 077) == 0) return {};  // whoever connects with one that is not there says so
  return failure(fmt::format(
      "{}: others can read it (mode {:04o}), and so could say what this host says: `chmod 600` it; where "
      "somebody may have read it, take its key away first (ceph auth rm) and make it anew",
      path, read->mode));
}

Result<void> copy_keyring(const std::string& from, const std::string& to) {
  if (from == to) return {};
  const auto read = read_text_file(from, kLongestKeyring);
  if (!read) {
    return failure(fmt::format("{}: cannot be read: {}; `cuttle mesh init` prints the command that makes it",
                               from, read.error().message));
  }
  return write_secret(to, read->text, enroll::Owner::folder);
}

}  // namespace

Result<Joined> join_host(const JoinOptions& options) {
  const auto host = host_of(options);
  if (!host) return tl::unexpected(host.error());
  const std::string node =
      options.node.empty() ? host->substr(0, host->find('.')).substr(0, kLongestNodeName) : options.node;
  const Places places = places_of(options, node);
  std::error_code error;
  if (fs::exists(places.config, error) && !options.again) {
    return failure(
        fmt::format("{} is there already; nothing was changed. Move it away, or `cuttle mesh join --again` "
                    "writes it anew",
                    places.config));
  }
  std::optional<NodeFile> before;
  if (fs::exists(places.config, error)) {
    auto file = read_node_file(places.config);
    if (!file) return tl::unexpected(file.error());
    before = std::move(*file);
  }
  CephAccess access = options.access;
  if (before && access.configuration.empty()) access.configuration = before->config.mesh->ceph_conf;
  if (before && access.name.empty()) access.name = before->config.mesh->ceph_name;
  if (access.name.empty()) access.name = client_of(*host);
  access.keyring = keyring_of(options, *host);
  if (auto good = check_keyring(access.keyring); !good) return tl::unexpected(good.error());
  RadosStore store(access);
  auto record = ask_record(store);
  if (!record) return tl::unexpected(record.error());
  const auto asked = asked_by(options);
  if (!asked) return tl::unexpected(asked.error());
  const auto policy = join_policy(*record, *asked, before ? &before->config : nullptr);
  if (!policy) return failure(fmt::format("{}: {}", places.config, policy.error().message));
  const auto owners = ask_owners(store);
  if (!owners) return tl::unexpected(owners.error());
  const auto addresses = addresses_of_host(options, *host, *owners, policy->networks);
  if (!addresses) return tl::unexpected(addresses.error());
  const auto there = store.get(kPeerPrefix + *host);
  if (!there) return tl::unexpected(there.error());

  // From here on the host changes.
  if (auto made = make_folder(options.state, 0755); !made) return tl::unexpected(made.error());
  if (auto given = give_to(options.state, "cuttle-mesh"); !given) return tl::unexpected(given.error());
  const auto identity = signing_key_at(places.identity);
  if (!identity) return tl::unexpected(identity.error());
  auto proved = ProvedNumber::open(places.identity, identity->verifying_key());
  if (!proved) return tl::unexpected(proved.error());
  const Files files = files_of(places.peers);
  // Until all is written: whoever is cuttle-mesh there changes the same files.
  auto locked = FileLock::wait_for(files.lock);
  if (!locked) return tl::unexpected(locked.error());
  std::optional<FileLock> lock(std::move(*locked));
  const auto own = read_own(files, *host);
  if (auto free = check_is_this_host(options, *host, identity->verifying_key(), *there); !free) {
    return tl::unexpected(free.error());
  }
  const auto counter = next_number(*host, identity->verifying_key(), policy->signing_key,
                                   {*there, own ? *own : std::optional<Entry>(), proved->highest()});
  if (!counter) return tl::unexpected(counter.error());
  const auto key = private_key_at(places.key);
  if (!key) return tl::unexpected(key.error());
  Entry entry;
  entry.host = *host;
  entry.identity = identity->verifying_key();
  entry.counter = *counter;
  entry.key = key->public_key();
  entry.endpoint = {addresses->listen, record->port};
  entry.addresses = addresses->all;
  entry.lanes = record->lanes;
  prove(entry, *identity);

  const std::string text = config_text(options, node, places, *record, *policy, entry, access,
                                       before ? before->config.renew_preshared : kRenewPreshared);
  const ParsedConfig parsed = parse_config(text, "");
  for (const Problem& problem : parsed.problems.list()) {
    if (problem.severity == Severity::error) return failure(to_string(problem, places.config));
  }
  const MachineAddresses machine = machine_addresses();
  if (before) {
    auto kept = check_nothing_is_lost(before->config, parsed.config, machine.own);
    if (!kept) return failure(fmt::format("{} {}", places.config, kept.error().message));
  }
  const auto known = read_known(files, text, Lost::begins_anew);
  if (!known) return tl::unexpected(known.error());
  if (auto copied = copy_keyring(access.keyring, places.keyring); !copied)
    return tl::unexpected(copied.error());
  if (auto raised = proved->raise_to(*counter); !raised) return tl::unexpected(raised.error());
  if (auto written = write_file(files.own, to_json(entry), files.spare); !written) {
    return tl::unexpected(written.error());
  }
  if (auto written = write_file(places.config, text); !written) return tl::unexpected(written.error());
  // One that is there stays: what it says is in force, and the keeper alone knows which hosts fit beside each
  // other. The first names nobody; what is known stays closed.
  if (!fs::exists(fs::symlink_status(files.peers, error))) {
    std::set<std::string> all;
    for (const auto& [other, pin] : known->pins) all.insert(other);
    const Bounds bounds = bounds_of({places.config, text, parsed.config}, entry, machine);
    auto written = write_file(files.peers, peers_text(*known, bounds, policy->joining, all), files.spare);
    if (!written) return tl::unexpected(written.error());
  }
  lock.reset();
  if (auto given = give_to(places.key, "cuttle"); !given) return tl::unexpected(given.error());
  if (auto set = store.set(kPeerPrefix + *host, to_json(entry)); !set) return tl::unexpected(set.error());
  return Joined{node, places.config, places.keyring, std::move(entry)};
}

}  // namespace cuttle::mesh
