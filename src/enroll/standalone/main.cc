// cuttle-enroll: what `cuttle init --from-ceph` becomes. A program of its own, so that the agent needs none
// of its libraries.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "base/complain.hh"
#include "base/parse_arguments.hh"
#include "base/units.hh"
#include "enroll/enroll.hh"
#include "enroll/secret_key.hh"
#include "from_ceph.hh"

namespace cuttle::enroll {
namespace {

struct Arguments {
  CephAccess access;
  EnrollOptions options;
  std::string network;
  std::vector<std::string> extra_hosts;  // NAME=ADDRESS
};

Result<void> add_extra(Hosts& hosts, const std::string& text) {
  const size_t equals = text.find('=');
  const auto address = equals == std::string::npos
                           ? std::nullopt
                           : IpAddress::parse(std::string_view(text).substr(equals + 1));
  if (!address || equals == 0) {
    return failure(
        fmt::format("--host {}: not a host; write NAME=ADDRESS, for example client1=10.77.0.20", text));
  }
  return add_host(hosts, text.substr(0, equals), *address);
}

void print_outcome(const EnrollOutcome& outcome, const EnrollOptions& options) {
  size_t changed = 0;
  for (const HostOutcome& host : outcome.hosts) {
    const char* words[] = {"new", "grown", "unchanged"};
    fmt::print("  {:<12} {:<9} {:<21} {}\n", host.host, words[static_cast<int>(host.what)],
               host.endpoint.to_string(), host.file);
    if (host.what != HostOutcome::What::unchanged) ++changed;
  }
  for (const std::string& note : outcome.notes) fmt::print("  note: {}\n", note);
  if (changed == 0) {
    fmt::print("Nothing has grown; nothing was changed.\n");
    return;
  }
  fmt::print(
      "Copy the folder of each host that changed to its /etc/cuttle, keys included, for example:\n"
      "  scp -rp {}/{}/. root@{}:/etc/cuttle/\n",
      options.folder, outcome.hosts.front().host, outcome.hosts.front().host);
}

int run(Arguments& arguments) {
  EnrollOptions& options = arguments.options;
  if (!parse_rate(options.style.rate)) {
    return complain(
        fmt::format("--rate {}: not a rate; write \"200 Mb/s\" or \"1 Gb/s\"", options.style.rate));
  }
  if (!parse_duration(options.style.slot)) {
    return complain(fmt::format("--slot {}: not a duration; write \"200 us\"", options.style.slot));
  }
  if (!arguments.network.empty()) {
    options.network = IpPrefix::parse(arguments.network);
    if (!options.network) {
      return complain(fmt::format("--network {}: not a network; write \"10.77.0.0/24\"", arguments.network));
    }
  }
  const auto maps = maps_of_cluster(arguments.access);
  if (!maps) return complain(maps.error().message);
  auto hosts = hosts_of(*maps);
  if (!hosts) return complain(hosts.error().message);
  for (const std::string& extra : arguments.extra_hosts) {
    if (auto added = add_extra(*hosts, extra); !added) return complain(added.error().message);
  }
  const auto outcome = enroll(*hosts, options, new_key<PrivateKey>);
  if (!outcome) return complain(outcome.error().message);
  print_outcome(*outcome, options);
  return kDone;
}

int parse_and_run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Writes the configuration and the key of every host of a running Ceph cluster.",
               "cuttle init --from-ceph");
  app.footer(
      "Example:\n"
      "  cuttle init --from-ceph --folder nodes\n"
      "  cuttle init --from-ceph --folder nodes --host client1=10.77.0.20 --rate \"1 Gb/s\"\n\n"
      "Reads the maps of the monitors, OSDs, managers and metadata servers; needs a key with mon 'allow r'.\n"
      "Run again after the cluster grew: new hosts and addresses are added, nothing else is changed.");
  app.add_flag("--from-ceph")->description("Ask the running cluster");
  app.add_option("--folder", arguments.options.folder, "Where to write: one folder a host")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--conf", arguments.access.configuration, "Ceph's configuration")->type_name("FILE");
  app.add_option("--name", arguments.access.name, "Whom to ask as")->capture_default_str();
  app.add_option("--timeout", arguments.access.timeout_s, "Seconds to wait for the cluster")
      ->check(CLI::Range(1.0, 600.0))
      ->capture_default_str();
  app.add_option("--port", arguments.options.port, "UDP port of the cells")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  app.add_option("--rate", arguments.options.style.rate, "Of new links; `cuttle plan` helps to choose")
      ->capture_default_str();
  app.add_option("--slot", arguments.options.style.slot, "Of new links")->capture_default_str();
  app.add_option("--network", arguments.network, "Cells go between the hosts' addresses in this network")
      ->type_name("PREFIX");
  app.add_option("--host", arguments.extra_hosts, "A host that runs no daemon, a client's for example")
      ->type_name("NAME=ADDRESS")
      ->allow_extra_args(false);
  bool strict = false;
  app.add_flag("--strict", strict,
               "Without `joining`: from the first start on, through the links or not at all");
  if (const auto ended = parse_arguments(app, argc, argv, "cuttle init --from-ceph --help")) return *ended;
  arguments.options.style.joining = !strict;
  return run(arguments);
}

}  // namespace
}  // namespace cuttle::enroll

int main(int argc, char** argv) {
  try {
    return cuttle::enroll::parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    return cuttle::complain(error.what());
  }
}
