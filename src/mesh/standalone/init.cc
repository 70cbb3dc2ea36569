// `init`: the mesh's record, and what gives each host its keyring.
#include <memory>
#include <set>

#include "access.hh"
#include "mesh/capabilities.hh"
#include "mesh/record.hh"

namespace cuttle::mesh {

namespace {

struct InitOptions {
  CephAccess access;
  Record record;
  std::vector<std::string> networks;
  std::vector<std::string> hosts;
  std::string signing_key;
  bool strict = false;
  bool again = false;
};

Result<Record> record_of(const InitOptions& options) {
  Record record = options.record;
  if (!parse_rate(record.rate))
    return failure(fmt::format("--rate {}: not a rate; write \"200 Mb/s\"", record.rate));
  if (!parse_duration(record.slot)) {
    return failure(fmt::format("--slot {}: not a duration; write \"1.5 ms\"", record.slot));
  }
  auto networks = network_arguments(options.networks);
  if (!networks) return tl::unexpected(networks.error());
  record.networks = std::move(*networks);
  if (!options.signing_key.empty()) {
    const auto key = signing_key_argument(options.signing_key);
    if (!key) return tl::unexpected(key.error());
    record.signing_key = *key;
  }
  record.joining = !options.strict;
  return record;
}

// All that the maps name, where none is given.
Result<std::vector<std::string>> hosts_of_cluster(Store& store) {
  const auto owners = ask_owners(store);
  if (!owners) return tl::unexpected(owners.error());
  std::set<std::string> names;
  for (const auto& [address, hosts] : *owners) names.insert(hosts.begin(), hosts.end());
  return std::vector<std::string>(names.begin(), names.end());
}

int init(const InitOptions& options) {
  const auto record = record_of(options);
  if (!record) return complain(record.error().message, kBadInput);
  RadosStore store(options.access);
  const auto there = store.get(kRecordKey);
  if (!there) return complain(there.error().message, kFailed);
  const bool write = !*there || options.again;
  if (write) {
    if (auto set = store.set(kRecordKey, to_json(*record)); !set)
      return complain(set.error().message, kFailed);
    fmt::print("{}: written; hosts that join from now on begin with it\n", kRecordKey);
  } else {
    fmt::print("{}: is there, and stays as it is (--again writes it anew): {}\n", kRecordKey,
               one_line_of(**there));
  }
  std::vector<std::string> hosts;
  for (const std::string& text : options.hosts) {
    const auto host = host_argument(text);
    if (!host) return complain("--host " + host.error().message, kBadInput);
    hosts.push_back(*host);
  }
  if (hosts.empty()) {
    auto all = hosts_of_cluster(store);
    if (!all) return complain(all.error().message, kFailed);
    hosts = std::move(*all);
  }
  fmt::print("\nA keyring for each host, which may write that host's own entry and read the others':\n");
  for (const std::string& host : hosts) fmt::print("  {}\n", keyring_command(host));
  fmt::print("\nUnder cephadm, which brings it there; else copy it to the host's /etc/ceph:\n");
  for (const std::string& host : hosts) fmt::print("  {}\n", cephadm_command(host));
  fmt::print("\nThen, on each host: cuttle mesh join\n");
  return kDone;
}

}  // namespace

void add_init(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand(
      "init", "Write the mesh's record to the monitors, and print each host's keyring command");
  command->footer(
      "Example:\n  cuttle mesh init --network 10.77.0.0/24 --rate \"1 Gb/s\"\n\n"
      "Needs the admin's keyring. What a host takes from the record it takes once, when it joins.");
  const auto options = std::make_shared<InitOptions>();
  add_access(*command, options->access);
  command->add_option("--rate", options->record.rate, "Of every link")->capture_default_str();
  command->add_option("--slot", options->record.slot, "Of every link")->capture_default_str();
  command->add_option("--port", options->record.port, "UDP port of the cells")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  command->add_option("--lanes", options->record.lanes, "Of every link")
      ->check(CLI::Range(1, 32))
      ->capture_default_str();
  command->add_option("--network", options->networks, "Where hosts' addresses are; others are refused")
      ->type_name("PREFIX")
      ->allow_extra_args(false);
  command
      ->add_option("--signing-key", options->signing_key,
                   "Entries have to be signed with this key (`cuttle mesh genkey`, `sign`)")
      ->type_name("KEY");
  command
      ->add_option("--host", options->hosts,
                   "Print the commands of this host; default: all of the cluster's maps")
      ->type_name("HOST")
      ->allow_extra_args(false);
  command->add_flag("--strict", options->strict, "Links begin closed: without `joining`");
  command->add_flag("--again", options->again, "Write the record though there is one");
  command->callback([&chosen, options] { chosen = [options] { return init(*options); }; });
}

void add_capabilities(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("capabilities", "Print what a host's keyring has to be able to do, in Ceph's words");
  command->footer(
      "Example:\n  (umask 077; ceph auth get-or-create client.cuttle.osd0 mon \"$(cuttle mesh capabilities "
      "osd0)\" -o ceph.client.cuttle.osd0.keyring)\n\nAsks nobody.");
  const auto text = std::make_shared<std::string>();
  command->add_option("HOST", *text, "The host's full name in lower case")->required();
  command->callback([&chosen, text] {
    chosen = [text] {
      const auto host = host_argument(*text);
      if (!host) return complain(host.error().message, kBadInput);
      fmt::print("{}\n", capabilities_of(*host));
      return kDone;
    };
  });
}

}  // namespace cuttle::mesh
