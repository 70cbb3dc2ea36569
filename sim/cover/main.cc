// cuttle-cover: what cover costs, in virtual time. ./run sim cover calls it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "ladder/bit_budget.hh"
#include "sim/cover/ladder_day.hh"
#include "sim/cover/relay_mesh.hh"
#include "sim/cover/relay_packets.hh"

namespace cuttle::sim {
namespace {

// One line and what is wrong with it; 1 where something is.
int judge(bool good, const std::string& text) {
  fmt::print("{} {}\n", good ? "ok  " : "BAD ", text);
  return good ? 0 : 1;
}

// The load of 400 Mb/s for three hours a day and 50 Mb/s otherwise, on every link of 20 hosts, for a day.
int ladder_day(double hours) {
  const DayOfLoad load;
  LadderOptions options;
  options.day_s = hours * 3600;
  const DayResult flat = run_flat_day(load, options.rates_bps.back(), options.day_s);
  const DayResult ladder = run_day(load, options);
  const BitsChecked bits = check_wires(ladder, options);
  fmt::print("{} hosts, {:.0f} h, each link 50 Mb/s and 400 Mb/s from 9 to 12\n", load.nodes, hours);
  fmt::print(
      "  one rate, 500 Mb/s:        {:8.1f} TB, waits {:.1f} ms at the median, {:.1f} ms at the 99th "
      "percentile\n",
      flat.bytes * 1e-12, flat.wait_p50_s * 1e3, flat.wait_p99_s * 1e3);
  fmt::print(
      "  ladder of 62.5 and 500:    {:8.1f} TB, waits {:.1f} ms at the median, {:.1f} ms at the 99th "
      "percentile\n",
      ladder.bytes * 1e-12, ladder.wait_p50_s * 1e3, ladder.wait_p99_s * 1e3);
  fmt::print("  epochs of {:.0f} s, {} changes a day allowed; {} made: {:.1f} bits\n", options.epoch_s,
             ladder.changes_allowed, bits.changes, bits.bits);
  int bad = judge(flat.bytes >= 4 * ladder.bytes,
                  fmt::format("{:.2f} times fewer bytes", flat.bytes / ladder.bytes));
  bad +=
      judge(ladder.wait_p99_s <= 2 * flat.wait_p99_s, "the 99th percentile at most twice that of one rate");
  bad += judge(
      bits.trouble.empty() && bits.bits <= options.budget_bits,
      bits.trouble.empty() ? fmt::format("at most {:.0f} bits a day", options.budget_bits) : bits.trouble);
  options.first_node_down = {{9 * 3600.0 - 30, 9 * 3600.0 + 1800}};
  const DayResult without = run_day(load, options);
  const BitsChecked without_bits = check_wires(without, options);
  fmt::print("  its coordinator dead from 08:59:30 on: waits {:.1f} ms at the 99th percentile\n",
             without.wait_p99_s * 1e3);
  bad += judge(without_bits.trouble.empty(), fmt::format("then too, {:.1f} bits", without_bits.bits));
  return bad;
}

int relays() {
  int bad = 0;
  for (const size_t nodes : {10UL, 20UL, 100UL, 1000UL}) {
    Random random(nodes);
    const auto all = static_cast<double>(nodes);
    const size_t matrices = 100;
    const size_t max = nodes > 100 ? 4 : 20;  // permutations in a matrix
    double worst = 1;
    double relayed = 0;
    double over_one = 0;
    double after_death = 1;
    for (size_t i = 0; i < matrices; ++i) {
      // From one permutation, where each node sends all it may to one other, to several.
      const Matrix matrix = draw_matrix(random, nodes, 1 + i * max / matrices);
      const double rate = std::min(0.25, 2 / all * 1.05);
      const Relayed result = carry(matrix, rate);
      worst = std::min(worst, result.carried);
      relayed = std::max(relayed, result.relayed_share);
      over_one = std::max(over_one, result.largest_share_over_one);
      if (nodes > 100 && i % 10 != 0) continue;
      const size_t dead = random.below(nodes);
      after_death =
          std::min(after_death, carry(without_node(matrix, dead), rate, RelayMutant::none, dead).carried);
    }
    const double rate = std::min(0.25, 2 / all * 1.05);
    fmt::print("{:4} nodes, links of {:.4f} r ({:.2f} r a node; {:.0f} r without relays):\n", nodes, rate,
               rate * (all - 1), all - 1);
    fmt::print(
        "     relayed at the most {:.0f} %, so {:.2f} links a byte; over any one node {:.1f} % of a "
        "pair's\n",
        relayed * 100, 1 + relayed, over_one * 100);
    bad += judge(worst > 1 - 1e-6, fmt::format("of {} matrices, each is carried whole (the worst: {:.4f} %)",
                                               matrices, worst * 100));
    fmt::print("     with a node dead and known to be, the others' are carried to {:.2f} %\n",
               after_death * 100);
  }
  return bad;
}

int main_with(int argc, char** argv) {
  CLI::App app("What cover costs, in virtual time (docs/cover.md).", "sim cover");
  bool only_ladder = false;
  bool only_relays = false;
  bool packets = false;
  RelayPacketsOptions mesh;
  double hours = 24;
  app.add_flag("--ladder", only_ladder, "a day of a ladder with a budget of bits, and no more");
  app.add_flag("--relays", only_relays, "matrices through a mesh with relays, and no more");
  app.add_flag("--packets", packets, "matrices packet by packet through the engine, and no more");
  app.add_option("--nodes", mesh.nodes, "of the mesh, with --packets")->check(CLI::Range(3, 200));
  app.add_option("--part", mesh.part, "of r, that its links carry")->check(CLI::Range(0.01, 2.0));
  app.add_option("--matrices", mesh.matrices, "how many")->check(CLI::Range(1, 1000));
  app.add_option("--hours", hours, "of the day, with --ladder")->check(CLI::Range(1.0, 24.0));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (packets) return relay_packets(mesh) == 0 ? 0 : 1;
  int bad = 0;
  if (!only_relays) bad += ladder_day(hours);
  if (!only_ladder) bad += relays();
  return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace cuttle::sim

int main(int argc, char** argv) {
  return cuttle::sim::main_with(argc, argv);
}
