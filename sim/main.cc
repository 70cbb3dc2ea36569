// cuttle-sim: trials in virtual time, one seed or many. ./run sim calls it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "sim/counting/count_new.hh"
#include "sim/trial.hh"

namespace cuttle::sim {
namespace {

struct Arguments {
  std::vector<std::string> families;
  std::optional<uint64_t> seed;
  uint64_t seeds = 1000;
  uint64_t first = 1;
  std::vector<std::string> without;
  std::optional<int64_t> until_ms;
  std::string mutant = "none";
  std::string trace_file;
};

std::vector<Family> chosen_families(const Arguments& arguments) {
  std::vector<Family> chosen;
  for (const Family family : kFamilies) {
    const bool named = std::find(arguments.families.begin(), arguments.families.end(), family_name(family)) !=
                       arguments.families.end();
    if (arguments.families.empty() || named) chosen.push_back(family);
  }
  return chosen;
}

Mutant chosen_mutant(const std::string& name) {
  for (const Mutant mutant : kMutants) {
    if (name == mutant_name(mutant)) return mutant;
  }
  return Mutant::none;
}

void write_trace(const Scenario& scenario, const Arguments& arguments) {
  std::ofstream file(arguments.trace_file);
  file << "ns,bytes,source,destination,clear\n";
  const RunResult result = run(scenario, {.payload_seed = scenario.seed,
                                          .mutant = chosen_mutant(arguments.mutant),
                                          .probe = nullptr,
                                          .liveness = false});
  for (const WireEvent& event : result.trace.events()) {
    file << fmt::format("{},{},{},{},{:02x}\n", event.at.ns, event.bytes, event.source, event.destination,
                        fmt::join(event.clear, ""));
  }
}

// One seed, with everything there is to say about it.
int try_one(const Arguments& arguments, const TrialOptions& options) {
  int status = 0;
  for (const Family family : chosen_families(arguments)) {
    Scenario scenario = draw_scenario(family, *arguments.seed);
    for (const std::string& ingredient : arguments.without) {
      if (!leave_out(scenario, ingredient)) {
        std::cerr << fmt::format("sim: --without {}: no such ingredient; there are {}\n", ingredient,
                                 fmt::join(ingredients(), ", "));
        return 2;
      }
    }
    if (arguments.until_ms) end_at(scenario, Instant{*arguments.until_ms * 1'000'000});
    std::cout << scenario.describe() << "\n";
    if (!arguments.trace_file.empty()) write_trace(scenario, arguments);
    const std::string trouble = try_scenario(scenario, options);
    std::cout << (trouble.empty() ? "good" : trouble) << "\n";
    if (!trouble.empty()) status = 1;
  }
  return status;
}

int try_many(const Arguments& arguments, const TrialOptions& options) {
  using Clock = std::chrono::steady_clock;
  uint64_t failed = 0;
  for (const Family family : chosen_families(arguments)) {
    const auto began = Clock::now();
    auto shown = began;
    for (uint64_t i = 0; i < arguments.seeds; ++i) {
      const std::string trouble = try_seed(family, arguments.first + i, options);
      if (!trouble.empty()) {
        ++failed;
        std::cout << fmt::format("seed {} of family {} failed\n{}\n\n", arguments.first + i,
                                 family_name(family), trouble)
                  << std::flush;
      }
      if (Clock::now() - shown < std::chrono::seconds(5) && i + 1 < arguments.seeds) continue;
      shown = Clock::now();
      const double seconds = std::chrono::duration<double>(shown - began).count();
      std::cout << fmt::format("{:10} {} of {} seeds, {:.0f} s, {} failed so far\n", family_name(family),
                               i + 1, arguments.seeds, seconds, failed)
                << std::flush;
    }
  }
  return failed == 0 ? 0 : 1;
}

int main_with(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Trials in virtual time: whole nodes, a hostile network, checkers.", "sim");
  std::vector<std::string> names;
  for (const Family family : kFamilies) names.emplace_back(family_name(family));
  std::vector<std::string> mutants{"none"};
  for (const Mutant mutant : kMutants) mutants.emplace_back(mutant_name(mutant));
  app.add_option("--family", arguments.families, "kinds of trials, all by default")
      ->check(CLI::IsMember(names));
  app.add_option("--seed", arguments.seed, "try this one seed");
  app.add_option("--seeds", arguments.seeds, "try so many of each kind");
  app.add_option("--first", arguments.first, "beginning with this one");
  app.add_option("--without", arguments.without, "leave out these ingredients (with --seed)")->delimiter(',');
  app.add_option("--until-ms", arguments.until_ms, "end then (with --seed, pairs only)");
  app.add_option("--mutant", arguments.mutant, "a mistake that must be found")->check(CLI::IsMember(mutants));
  app.add_option("--trace", arguments.trace_file, "write what an observer sees as CSV (with --seed)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  announce_aborts();
  const TrialOptions options{chosen_mutant(arguments.mutant), allocations};
  return arguments.seed ? try_one(arguments, options) : try_many(arguments, options);
}

}  // namespace
}  // namespace cuttle::sim

int main(int argc, char** argv) {
  return cuttle::sim::main_with(argc, argv);
}
