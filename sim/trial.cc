#include "sim/trial.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

namespace cuttle::sim {

namespace {

// For the signal handler: a plain buffer, written before each trial.
char at_work[512];

void say_and_abort(int signal) {
  const auto ignored = write(STDERR_FILENO, at_work, std::strlen(at_work));
  static_cast<void>(ignored);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void note(const std::string& text) {
  std::snprintf(at_work, sizeof at_work, "aborted during: %s\n", text.c_str());
}

}  // namespace

void announce_aborts() {
  std::signal(SIGABRT, say_and_abort);
}

bool compares(Family family) {
  return family != Family::two_nodes && family != Family::network;
}

std::string try_scenario(const Scenario& scenario, const TrialOptions& options) {
  note(replay_command(scenario, options.mutant));
  if (compares(scenario.family)) {
    const std::string difference = compare_pair(scenario, scenario.seed, options.mutant);
    return difference.empty() ? "" : "invariant 2: two payloads, two traces: " + difference;
  }
  const RunResult result =
      run(scenario, {.payload_seed = scenario.seed, .mutant = options.mutant, .probe = options.probe});
  std::string text;
  for (const Violation& violation : result.violations) {
    if (!text.empty()) text += "\n";
    text += violation.invariant == 0 ? "liveness: " : fmt::format("invariant {}: ", violation.invariant);
    text += violation.text;
  }
  return text;
}

Scenario shrink(Scenario scenario, const TrialOptions& options) {
  const auto fails = [&](const Scenario& smaller) { return !try_scenario(smaller, options).empty(); };
  for (const std::string_view ingredient : ingredients()) {
    Scenario smaller = scenario;
    leave_out(smaller, ingredient);
    if (fails(smaller)) scenario = std::move(smaller);
  }
  while (compares(scenario.family) && scenario.end > Instant{100'000'000}) {
    Scenario smaller = scenario;
    end_at(smaller, Instant{scenario.end.ns * 7 / 10});
    if (!fails(smaller)) break;
    scenario = std::move(smaller);
  }
  return scenario;
}

std::string replay_command(const Scenario& scenario, Mutant mutant) {
  std::string command =
      fmt::format("./run sim --family {} --seed {}", family_name(scenario.family), scenario.seed);
  if (!scenario.without.empty()) command += fmt::format(" --without {}", fmt::join(scenario.without, ","));
  if (scenario.ends_early) command += fmt::format(" --until-ms {}", scenario.end.ns / 1'000'000);
  if (mutant != Mutant::none) command += fmt::format(" --mutant {}", mutant_name(mutant));
  return command;
}

std::string try_seed(Family family, uint64_t seed, const TrialOptions& options) {
  const Scenario scenario = draw_scenario(family, seed);
  const std::string trouble = try_scenario(scenario, options);
  if (trouble.empty()) return "";
  const Scenario smaller = shrink(scenario, options);
  return fmt::format("{}\n{}\nreplay:  {}\nsmaller: {}\n{}", trouble, scenario.describe(),
                     replay_command(scenario, options.mutant), replay_command(smaller, options.mutant),
                     try_scenario(smaller, options));
}

}  // namespace cuttle::sim
