#include "sim/cover/relay_packets.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

#include "sim/relay_run.hh"

namespace cuttle::sim {

namespace {

// Carried: what is on its way at the beginning and the end is not the same.
constexpr double kWhole = 0.98;
constexpr double kMostly = 0.95;  // in half a second
// Without relays a link takes r, and some more, so that nothing piles up.
constexpr double kDirectPart = 1.1;
constexpr size_t kDiedAt = 5;  // tenths of a second
constexpr size_t kRecovers = 30;

int judge(bool good, const std::string& text) {
  fmt::print("{} {}\n", good ? "ok  " : "BAD ", text);
  std::fflush(stdout);
  return good ? 0 : 1;
}

double ms(Duration duration) {
  return static_cast<double>(duration.ns) * 1e-6;
}

struct Worst {
  double carried = 1;
  double of_a_pair = 1;
  double relayed = 0;
  double disordered = 0;
  Duration p50{};
  Duration p99{};

  void add(const RelayRunResult& result) {
    carried = std::min(carried, result.carried);
    of_a_pair = std::min(of_a_pair, result.worst_pair);
    relayed = std::max(relayed, result.relayed_share);
    disordered = std::max(disordered, result.disordered);
    p50 = std::max(p50, result.wait_p50);
    p99 = std::max(p99, result.wait_p99);
  }
};

// The first tenth of a second from which on half a second carries all: less is as long as packets wait.
size_t recovered(const std::vector<double>& parts) {
  constexpr size_t kWindow = 5;
  size_t at = parts.size() - kWindow + 1;
  const auto carries_all = [&](size_t i) {
    const auto from = parts.begin() + static_cast<std::ptrdiff_t>(i);
    return std::accumulate(from, from + kWindow, 0.0) >= kMostly * kWindow;
  };
  while (at > kDiedAt && carries_all(at - 1)) --at;
  return at;
}

// In the hardest matrix, in which each node sends all it may to one other.
int dead_node(size_t nodes, double part) {
  RelayRunOptions options = draw_relay_run(kHardest, nodes, part);
  options.killed = NodeNumber{1};
  options.kill_after = milliseconds(100) * static_cast<int64_t>(kDiedAt);
  options.measured = options.kill_after + seconds(4);
  const std::vector<double> parts = run_relays(options).carried_by_100_ms;
  const size_t back = recovered(parts);
  const double share = carry(options.matrix, part).largest_share_over_one;
  const double theory = carry(without_node(options.matrix, 1), part, RelayMutant::none, 1).carried;
  // What waited comes out later, so that some tenths have more than was sent in them.
  double lost_s = 0;
  for (size_t i = kDiedAt; i < kDiedAt + kRecovers; ++i) lost_s += (1 - parts[i]) / 10;
  fmt::print(
      "     a node dies: the others lose {:.0f} ms of what they send ({:.1f} % come in the worst 100 ms); "
      "{:.1f} %\n     of a pair's goes over one node in theory, and {:.1f} % can be carried without it\n",
      std::max(lost_s, 0.0) * 1e3, *std::ranges::min_element(parts.begin() + kDiedAt, parts.end()) * 100,
      share * 100, theory * 100);
  return judge(back - kDiedAt <= kRecovers,
               fmt::format("{:.0f} % are carried again after {:.1f} s", kMostly * 100,
                           0.1 * static_cast<double>(back - kDiedAt)));
}

}  // namespace

int relay_packets(const RelayPacketsOptions& options) {
  Worst worst;
  for (uint64_t seed = 1; seed <= options.matrices; ++seed) {
    worst.add(run_relays(draw_relay_run(seed, options.nodes, options.part)));
  }
  RelayRunOptions direct = draw_relay_run(kHardest, options.nodes, kDirectPart);
  direct.relays = false;
  const RelayRunResult alone = run_relays(direct);
  fmt::print("{:4} nodes, packet by packet, links of {:.3f} r: of a matrix at most {:.0f} % is relayed\n",
             options.nodes, options.part, worst.relayed * 100);
  fmt::print(
      "     a packet takes {:.1f} ms at the median and {:.1f} ms at the 99th percentile; without relays on "
      "links of {:.1f} r\n     {:.1f} ms and {:.1f} ms; {:.3f} % come after later ones\n",
      ms(worst.p50), ms(worst.p99), kDirectPart, ms(alone.wait_p50), ms(alone.wait_p99),
      worst.disordered * 100);
  const int bad = judge(worst.carried >= kWhole,
                        fmt::format("of {} matrices, {:.2f} % of the worst is carried, {:.2f} % of a pair's",
                                    options.matrices, worst.carried * 100, worst.of_a_pair * 100));
  return bad + dead_node(options.nodes, options.part);
}

}  // namespace cuttle::sim
