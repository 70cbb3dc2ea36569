// A cable that misbehaves: passes frames between two interfaces, and impairs UDP in both directions. Until
// SIGTERM; then prints what it did. Needs CAP_NET_RAW; the senders' offloads off (ethtool -K ... off).
#include <poll.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <array>

#include "impairment.hh"
#include "io/clock.hh"
#include "raw_port.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

// Frames taken from one side before the other has its turn.
constexpr int kTurn = 64;
// What waits because this program does not get to run is lost, as a port with a full buffer would: 0.1 s at
// 200 Mb/s. Links send for ever, so a cable that once was slower than they stays seconds long, and a TCP
// connection inside stands still.
constexpr int kWaitingBytes = 4 << 20;

struct Direction {
  RawPort& from;
  RawPort& to;
  Impairment impairment;
  std::vector<Frame> leaving;

  void pass(const MonotonicClock& clock) {
    Frame frame;
    for (int i = 0; i < kTurn && from.receive(frame); ++i) impairment.handle_frame(clock.now(), frame);
    impairment.poll_frames(clock.now(), leaving);
    for (const Frame& out : leaving) to.send(out);
  }
};

nlohmann::json as_json(const Direction& direction) {
  const ImpairmentCounters& counters = direction.impairment.counters();
  return {{"frames", counters.frames},
          {"lost", counters.lost},
          {"duplicated", counters.duplicated},
          {"reordered", counters.reordered},
          {"corrupted", counters.corrupted},
          {"replayed", counters.replayed},
          {"dropped_unseen", direction.from.dropped()}};
}

int run(int argc, char** argv) {
  CLI::App app("Passes frames between two interfaces, badly, until SIGTERM", "impair");
  std::array<std::string, 2> names;
  ImpairmentOptions options;
  uint64_t seed = 1;
  int64_t delay_us = 0;
  app.add_option("FIRST", names[0])->required();
  app.add_option("SECOND", names[1])->required();
  app.add_option("--loss", options.loss, "per cent");
  app.add_option("--duplicate", options.duplicate, "per cent");
  app.add_option("--reorder", options.reorder, "per cent");
  app.add_option("--corrupt", options.corrupt, "per cent: one bit each");
  app.add_option("--replay", options.replay, "per cent: old frames sent again");
  app.add_option("--depth", options.depth, "a reordered frame is overtaken by 1 to this many");
  app.add_option("--replay-frames", options.replay_frames,
                 "a replay is of one of this many frames before it");
  app.add_option("--delay-us", delay_us);
  app.add_option("--seed", seed);
  CLI11_PARSE(app, argc, argv);
  options.delay = microseconds(delay_us);

  // A cable is not slowed down by other programs: without this, a busy machine makes it seconds long.
  const sched_param priority{.sched_priority = 10};  // below the agents' pacers
  sched_setscheduler(0, SCHED_FIFO, &priority);
  stop_on_signals();
  RawPort first(names[0], kWaitingBytes);
  RawPort second(names[1], kWaitingBytes);
  std::array<Direction, 2> directions{Direction{first, second, Impairment(options, seed), {}},
                                      Direction{second, first, Impairment(options, seed + 1), {}}};
  const MonotonicClock clock;
  while (stopping == 0) {
    const bool holding = directions[0].impairment.is_holding() || directions[1].impairment.is_holding();
    std::array<pollfd, 2> waiting{{{first.fd(), POLLIN, 0}, {second.fd(), POLLIN, 0}}};
    poll(waiting.data(), waiting.size(), holding ? 1 : 100);
    for (Direction& direction : directions) direction.pass(clock);
  }
  print({{names[0], as_json(directions[0])}, {names[1], as_json(directions[1])}});
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
