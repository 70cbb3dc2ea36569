// `try`: two nodes on this machine with a link between them, for as long as somebody looks.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cuttle/commands.hh"
#include "io/clock.hh"
#include "io/end_wait.hh"
#include "io/folder_lock.hh"
#include "io/signals.hh"
#include "try/show.hh"

namespace cuttle {

namespace {

constexpr Duration kUpTimeout = seconds(30);
constexpr Duration kLook = seconds(1);
constexpr int kPings = 5;

struct TryOptions {
  std::string name = "try";
  double seconds = -1;  // below 0: until somebody ends it
  bool clean = false;
};

bool is_good_name(const std::string& name) {
  const auto good = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= 16 && std::all_of(name.begin(), name.end(), good);
}

void say(const std::string& text) {
  fmt::print("{}", text);
  std::fflush(stdout);
}

// What an interrupt is noticed by between two steps.
class Interrupt {
 public:
  explicit Interrupt(const Signals& signals) : signals_(signals) {}
  bool has_come() { return came_ = came_ || signals_.take().has_value(); }

 private:
  const Signals& signals_;
  bool came_ = false;
};

Result<void> show(const trial::Stage& stage, Interrupt& interrupt) {
  const trial::Place& place = stage.place();
  const auto cable = trial::Cable::watch(place);
  if (!cable) return tl::unexpected(cable.error());
  const auto pings = trial::ping_through(place, kPings);
  if (!pings) return tl::unexpected(pings.error());
  say(fmt::format("Ping from a to b through the link: {} of {} answered, {:.1f} ms in the mean.\n",
                  pings->answered, pings->sent, static_cast<double>(pings->mean.ns) * 1e-6));
  if (interrupt.has_come()) return failure("interrupted");
  const trial::CellRates idle = trial::measure(**cable, kLook);
  if (interrupt.has_come()) return failure("interrupted");
  const auto busy = trial::measure_under_load(place, **cable, kLook);
  if (!busy) return tl::unexpected(busy.error());
  const trial::CableCounts counts = (*cable)->counts();
  say(
      fmt::format("On the cable meanwhile: {}.\n"
                  "  while nothing is said:          {:5.0f} a second from a, {:5.0f} from b\n"
                  "  while a sends all it can to b:  {:5.0f} a second from a, {:5.0f} from b\n",
                  trial::describe(counts), idle.from_a, idle.from_b, busy->from_a, busy->from_b));
  if (pings->answered == 0)
    return failure("no ping came through, though the link is up: " + place.nodes[0].file(".log"));
  if (counts.others > 0) return failure("something else than cells was on the cable: " + counts.first_other);
  return {};
}

Result<void> set_up_and_show(trial::Stage& stage, Interrupt& interrupt) {
  const MonotonicClock clock;
  const Instant began = clock.now();
  const auto& [a, b] = stage.place().nodes;
  if (auto done = stage.set_up(); !done) return done;
  say(fmt::format(
      "Two nodes, a ({}) and b ({}), in network namespaces {} and {}, and a cable between them.\n",
      a.address.to_string(), b.address.to_string(), a.name_space, b.name_space));
  if (auto up = stage.wait_until_up(kUpTimeout, [&] { return interrupt.has_come(); }); !up) return up;
  say(fmt::format("The link is up after {:.1f} s: {} of cells each way, used or not.\n",
                  static_cast<double>((clock.now() - began).ns) * 1e-9, trial::kRate));
  return show(stage, interrupt);
}

ExitStatus clean(const trial::Place& place) {
  const auto taken = trial::take_away(place);
  if (!taken) return complain(taken.error().message, kFailed);
  if (taken->empty()) say("Nothing is left of a trial named " + place.name + ".\n");
  for (const std::string& what : *taken) say("taken away: " + what + "\n");
  return kDone;
}

ExitStatus try_out(const TryOptions& options) {
  if (::geteuid() != 0) return complain("this makes network namespaces, so it needs root: `sudo cuttle try`");
  if (!is_good_name(options.name)) return complain("--name " + options.name + ": 1 to 16 of a-z 0-9 -");
  const trial::Place place = trial::place_of(options.name);
  // From here on nothing ends this before it has cleaned up, but a crash.
  const auto signals = Signals::block_and_watch();
  ignore_broken_pipes();
  if (!signals) return complain(signals.error().message, kFailed);
  const auto lock = FolderLock::take(place.folder);
  if (!lock || !*lock)
    return complain(!lock ? lock.error().message
                          : "a trial named " + place.name + " is running already (" + place.folder +
                                "): end it where it runs, or take another --name");
  if (options.clean) return clean(place);
  if (const auto left = trial::take_away(place); !left || !left->empty()) {
    if (!left) complain(left.error().message);
    if (!left) return kFailed;
    say("(What an earlier trial left was taken away first.)\n");
  }
  trial::Stage stage(place);
  Interrupt interrupt(*signals);
  const auto shown = set_up_and_show(stage, interrupt);
  if (!shown) {
    if (!interrupt.has_come()) complain(shown.error().message);
    return kFailed;  // an interrupt: what was to be shown was not
  }
  say("Try inside, as root, from another terminal:\n" + trial::suggestions(place));
  say(options.seconds < 0
          ? "Enter ends it and takes everything away.\n"
          : fmt::format("In {:g} s it ends and takes everything away; so does Ctrl-C.\n", options.seconds));
  wait_for_the_end(*signals, options.seconds < 0
                                 ? std::nullopt
                                 : std::optional(nanoseconds(static_cast<int64_t>(options.seconds * 1e9))));
  return kDone;
}

}  // namespace

void add_try(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("try", "Try a link out on this machine: two nodes, taken away afterwards");
  command->footer(
      "Example:\n  cuttle try\n  cuttle try --seconds 60\n  cuttle try --clean\n\n"
      "Makes two network namespaces with a cable between them, runs an agent in each, and shows that a ping\n"
      "gets through and what an observer of the cable sees. Nothing outside them is touched. Needs root, "
      "the\n"
      "program ip (package iproute2) and /dev/net/tun. Exit status 1 when the link does not work.");
  const auto options = std::make_shared<TryOptions>();
  command->add_option("--seconds", options->seconds, "End by itself after so long, instead of at Enter")
      ->check(CLI::Range(0.0, 86400.0));
  command->add_option("--name", options->name, "A name for it: of several at a time, each has its own")
      ->capture_default_str();
  command->add_flag("--clean", options->clean,
                    "Take away what a trial left that crashed, and do nothing else");
  command->callback([&chosen, options] { chosen = [options] { return try_out(*options); }; });
}

}  // namespace cuttle
