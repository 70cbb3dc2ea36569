#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "control/client.hh"
#include "cuttle/commands.hh"
#include "doctor/attempts.hh"
#include "doctor/bundle.hh"
#include "doctor/by_interface.hh"
#include "doctor/capacity.hh"
#include "doctor/drops.hh"
#include "doctor/examine.hh"
#include "doctor/firewall.hh"
#include "doctor/past_kernel.hh"
#include "doctor/timekeeping.hh"
#include "io/guard.hh"
#include "io/overhear.hh"

namespace cuttle {

namespace {

constexpr Duration kProbeTimeout = seconds(3);
// A handshake that is not answered comes again within half a second (link/association.hh), later where it has
// been tried for long.
constexpr Duration kListening = seconds(3);

struct DoctorOptions {
  std::string config;
  std::string bundle;
  bool no_probe = false;
  bool try_links = false;
};

void append(doctor::Findings& all, doctor::Findings more) {
  for (doctor::Finding& finding : more) all.push_back(std::move(finding));
}

// Where all links are up, whoever else sends is an unknown source whom the agent counts.
std::vector<Endpoint> heard_beside(const NodeConfig& config, const StatusSnapshot& status) {
  const bool all_up = std::all_of(status.links.begin(), status.links.end(),
                                  [](const LinkStatus& link) { return link.state == "up"; });
  if (all_up) return {};
  return overhear_udp(config.listen.port, config.max_lanes(), kListening).value_or(std::vector<Endpoint>());
}

// `document`: what the agent says of itself.
doctor::Findings examine_all(const LoadedConfig& loaded, const DoctorOptions& options,
                             const Result<std::string>& document) {
  doctor::Findings findings = doctor::examine_host();
  append(findings, doctor::examine_configuration(loaded));
  const std::vector<std::string> ways_out = doctor::ways_out(loaded.config);
  append(findings, doctor::examine_trains(ways_out));
  append(findings, doctor::examine_timekeeping(doctor::read_timekeeping(ways_out),
                                               {loaded.config.cpus.begin(), loaded.config.cpus.end()}));
  findings.push_back(doctor::examine_capacity(loaded.config));
  append(findings, doctor::examine_firewalls(loaded.config));
  if (const auto rules = firewall_rules())
    append(findings, doctor::examine_rules_by_interface(*rules, ways_out));
  append(findings, doctor::examine_devices(loaded.config));
  append(findings, doctor::examine_past_kernel(ways_out));
  append(findings, doctor::examine_drops(loaded.config));
  const auto status = document ? status_from_json(*document) : tl::unexpected(document.error());
  if (status) {
    append(findings, doctor::examine_status(*status));
    append(findings, doctor::explain_foreign(*status));
    if (!status->realtime) {
      findings.push_back(doctor::examine_priority(status->realtime_why_not, doctor::may_have_realtime(),
                                                  cgroup_of_agent(loaded.config.control_socket)));
    }
    append(findings, doctor::examine_unknown_sources(loaded.config, heard_beside(loaded.config, *status)));
  } else {
    findings.push_back({doctor::Mark::unsure, "no agent of this node answers: " + status.error().message,
                        "start it when all else is well"});
    if (!options.no_probe) append(findings, doctor::probe_peers(loaded, kProbeTimeout));
  }
  if (options.try_links) append(findings, doctor::try_links(loaded.config, status ? &*status : nullptr));
  return findings;
}

ExitStatus write_bundle(const DoctorOptions& options, const LoadedConfig& loaded,
                        const doctor::Findings& findings, const std::string& status) {
  const std::string node = loaded.config.name.empty() ? "node" : loaded.config.name;
  const auto written =
      doctor::write_bundle(options.bundle, "cuttle-" + node, doctor::gather_bundle(loaded, findings, status));
  if (!written) return complain(written.error().message);
  fmt::print("{}: written. It has this host's addresses, routes, firewall and log, but no keys.\n",
             options.bundle);
  return kDone;
}

ExitStatus examine(const DoctorOptions& options) {
  const LoadedConfig loaded = load_config(options.config, KeyFiles::read);
  complain(loaded);
  doctor::Findings findings;
  Result<std::string> document;
  if (loaded.good()) {
    document = ask_agent(loaded.config.control_socket, "status", kProbeTimeout);
    findings = examine_all(loaded, options, document);
    fmt::print("{}", doctor::to_string(findings));
  }
  if (!options.bundle.empty()) {
    const ExitStatus written = write_bundle(options, loaded, findings, document.value_or(""));
    if (written != kDone) return written;
  }
  if (!loaded.good()) return kBadInput;
  return doctor::any_bad(findings) ? kFailed : kDone;
}

}  // namespace

void add_doctor(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("doctor", "Look for what commonly goes wrong, and say how to fix it");
  command->footer(
      "Example:\n  cuttle doctor --config /etc/cuttle/osd0.toml\n"
      "  cuttle doctor --config /etc/cuttle/osd0.toml --try\n"
      "  cuttle doctor --config /etc/cuttle/osd0.toml --bundle report.tar.gz\n\n"
      "Looks at this host, its configuration, its firewall, and what its agent says. Where no agent runs, a\n"
      "handshake in cells of the real size goes to each peer: an answer shows that the path carries them and "
      "that\n"
      "keys and shapes agree. Exit status 1 when something is bad.");
  const auto options = std::make_shared<DoctorOptions>();
  command->add_option("--config", options->config, "The node's configuration")->required()->type_name("FILE");
  command
      ->add_option("--bundle", options->bundle,
                   "Write all of it, and how this host's network is set up, to this tar file: a report for "
                   "somebody else, without keys")
      ->type_name("FILE.tar.gz");
  command->add_flag("--try", options->try_links,
                    "Try instead of looking: send packets of every kind through each link and beside it");
  command->add_flag("--no-probe", options->no_probe, "Send nothing to the peers");
  command->callback([&chosen, options] { chosen = [options] { return examine(*options); }; });
}

}  // namespace cuttle
