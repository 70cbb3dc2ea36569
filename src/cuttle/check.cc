#include <fmt/format.h>

#include <memory>

#include "base/format.hh"
#include "base/units.hh"
#include "config/shape_plan.hh"
#include "cuttle/commands.hh"
#include "doctor/capacity.hh"
#include "doctor/firewall.hh"
#include "node/instant_queues.hh"
#include "node/preflight.hh"

namespace cuttle {

namespace {

struct CheckOptions {
  std::string file;
  bool file_only = false;
  bool strict = false;
};

void print_ladder(const ladder::Settings& settings) {
  std::string rates;
  for (const uint64_t rate_bps : settings.rates_bps)
    rates += (rates.empty() ? "" : ", ") + format_rate(rate_bps);
  const ladder::LadderShape shape = settings.shape();
  fmt::print(
      "  by the ladder {} every {}; at most {} changes a day, which tell at most {:.1f} of {} bits{}\n",
      rates, format_duration(settings.epoch), shape.changes_per_day,
      ladder::bits_of({shape.epochs_per_day, shape.rates}, shape.changes_per_day), settings.budget_bits,
      shape.changes_per_day < 2 ? ": too few to go down, so it stays at the top" : "");
  if (!settings.yields) return;
  fmt::print("  it yields to loss: of the changes one is the breaker's, and one is kept to give way with\n");
}

void print_summary(const LoadedConfig& loaded) {
  const NodeConfig& node = loaded.config;
  fmt::print("{}: good; node {} listens on {}, {} link{}\n", loaded.file, node.name, node.listen.to_string(),
             node.peers.size(), node.peers.size() == 1 ? "" : "s");
  for (const PeerConfig& peer : node.peers) {
    const auto plan = plan_peer(node, peer);
    const auto steps = plan_peer_steps(node, peer);
    if (!plan || !steps) continue;
    fmt::print("  {} at {}: {}, {} x {} B every {}{}\n", peer.name, peer.endpoint.to_string(),
               format_rate(peer.shape.rate_bps), plan->cells_per_slot, peer.shape.cell_bytes,
               format_duration(plan->period()),
               peer.lanes > 1 ? fmt::format(" on each of {} lanes", peer.lanes) : "");
    if (steps->rates_bps.size() == 1) continue;
    if (peer.shape.ladder) continue;
    const auto calendar = calendar_of(peer.shape);
    fmt::print("    by its calendar {} to {}, {} a day\n", format_rate(steps->rates_bps.front()),
               format_rate(steps->rates_bps.back()), bytes_text(calendar->bytes_a_week() / 7));
  }
  if (node.shape.ladder) print_ladder(*node.shape.ladder);
}

void print_machine(const NodeConfig& config) {
  for (const std::string& line : describe_instant_queues(config)) fmt::print("  {}\n", line);
}

// Others' rules may change by themselves, so they make no configuration wrong.
void check_firewalls(LoadedConfig& loaded) {
  for (const doctor::Finding& finding : doctor::examine_firewalls(loaded.config)) {
    if (finding.mark != doctor::Mark::bad) continue;
    loaded.problems.warn(0, finding.what + "; " + finding.fix);
  }
}

// What the links cost, and whether this machine has that.
void check_capacity(LoadedConfig& loaded) {
  if (loaded.config.peers.empty()) return;
  const doctor::Finding finding = doctor::examine_capacity(loaded.config);
  if (finding.mark == doctor::Mark::good) {
    fmt::print("{}\n", finding.what);
  } else {
    loaded.problems.warn(loaded.lines.line({"shape.rate", "peer[0].shape.rate"}),
                         finding.what + "; " + finding.fix);
  }
}

ExitStatus check(const CheckOptions& options) {
  LoadedConfig loaded = load_config(options.file, KeyFiles::read);
  if (!options.file_only && loaded.good()) {
    check_machine(loaded.config, loaded.lines, loaded.problems);
    check_firewalls(loaded);
    if (loaded.good()) check_capacity(loaded);
  }
  complain(loaded);
  if (!loaded.good()) return kBadInput;
  print_summary(loaded);
  if (!options.file_only) print_machine(loaded.config);
  return options.strict && !loaded.problems.list().empty() ? kBadInput : kDone;
}

}  // namespace

void add_check(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("check", "Say everything that is wrong with a configuration, in one go");
  command->footer(
      "Example:\n  cuttle check /etc/cuttle/osd0.toml\n\n"
      "Prints one line for each problem, FILE:LINE: what is wrong and what would be right. Changes nothing.\n"
      "Exit status 0 when it is good, 2 when it is not (with --strict: or there is a warning).");
  const auto options = std::make_shared<CheckOptions>();
  command->add_option("FILE", options->file, "The configuration")->required();
  command->add_flag("--file-only", options->file_only, "Check the file and its key files, not this machine");
  command->add_flag("--strict", options->strict, "Warnings count as well for the exit status");
  command->callback([&chosen, options] { chosen = [options] { return check(*options); }; });
}

}  // namespace cuttle
