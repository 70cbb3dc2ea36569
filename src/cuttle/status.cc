#include "control/status.hh"

#include <fmt/format.h>

#include <memory>

#include "control/client.hh"
#include "control/watch_view.hh"
#include "cuttle/agent_socket.hh"
#include "cuttle/commands.hh"
#include "io/clock.hh"
#include "io/screen.hh"

namespace cuttle {

namespace {

constexpr Duration kStatusTimeout = seconds(5);

struct StatusOptions {
  AgentChoice agent;
  bool json = false;
  bool watch = false;
  double every_s = 1;
};

Result<StatusSnapshot> ask(const std::string& socket) {
  const auto document = ask_agent(socket, "status", kStatusTimeout);
  if (!document) return tl::unexpected(document.error());
  auto status = status_from_json(*document);
  if (!status) return failure(socket + ": " + status.error().message);
  return status;
}

// Until a signal. An agent that is away for a while (a restart) is waited for.
Result<void> watch(const std::string& socket, Duration every) {
  auto before = ask(socket);
  if (!before) return tl::unexpected(before.error());
  const MonotonicClock clock;
  Instant asked = clock.now();
  const auto screen = Screen::open();
  if (!screen) return tl::unexpected(screen.error());
  screen->show(render_table(*before));
  while (screen->wait(every)) {
    auto status = ask(socket);
    const Instant now = clock.now();
    if (!status) {
      screen->show(status.error().message + "\n");
      continue;
    }
    const WatchLook look{.colours = screen->is_terminal(), .width = screen->columns()};
    screen->show(render_watch(*before, *status, now - asked, look));
    before = std::move(status);
    asked = now;
  }
  return {};
}

ExitStatus print_status(const StatusOptions& options) {
  const auto socket = socket_of(options.agent);
  if (!socket) {
    complain(socket.error().message);
    return options.agent.config.empty() ? kFailed : kBadInput;
  }
  if (options.watch) {
    const auto watched = watch(*socket, nanoseconds(static_cast<int64_t>(options.every_s * 1e9)));
    if (watched) return kDone;
    return complain(watched.error().message, kFailed);
  }
  // As it came: an agent newer than this program may say more than we know.
  const auto document = ask_agent(*socket, "status", kStatusTimeout);
  const auto status = document ? status_from_json(*document) : tl::unexpected(document.error());
  if (!status)
    return complain(document ? *socket + ": " + status.error().message : status.error().message, kFailed);
  fmt::print("{}", options.json ? *document : render_table(*status));
  return kDone;
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("status", "Ask a running agent how its links are");
  command->footer(
      "Example:\n  cuttle status\n  cuttle status osd0 --json | jq .links[0].cells\n  cuttle status "
      "--watch\n\n"
      "Without a name, asks the one agent that runs here. Exit status 1 when none answers.");
  const auto options = std::make_shared<StatusOptions>();
  add_agent_choice(*command, options->agent);
  CLI::Option* json = command->add_flag("--json", options->json, "Print one JSON document");
  CLI::Option* watch = command->add_flag("--watch", options->watch,
                                         "Keep looking: what each link does now, until interrupted");
  watch->excludes(json);
  command->add_option("--every", options->every_s, "Seconds between two looks")
      ->needs(watch)
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->callback([&chosen, options] { chosen = [options] { return print_status(*options); }; });
}

}  // namespace cuttle
