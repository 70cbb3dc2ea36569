// `leave`: this host out of the mesh, links first.
#include <memory>

#include "host_files.hh"
#include "local_words.hh"

namespace cuttle::mesh {

namespace {

struct LeaveOptions {
  std::string config;
  bool no_systemd = false;
};

int leave(const LeaveOptions& options) {
  auto host = LocalHost::open(options.config);
  if (!host) return complain(host.error().message, kFailed);
  if (host->own().left) {
    fmt::print("{} has left already.\n", host->own().host);
  } else {
    Entry entry;
    entry.host = host->own().host;
    entry.left = true;
    if (auto published = host->publish(entry); !published)
      return complain(published.error().message, kFailed);
    const auto missing = host->wait_until_taken(seconds(20));
    if (!missing) {
      fmt::print("  note: whether the others took this in is not known: {}\n", missing.error().message);
    } else if (!missing->empty()) {
      fmt::print("  note: {} has not said that it took this in; it will when it looks\n", missing->front());
    }
    fmt::print(
        "{} has left the mesh. Its addresses stay closed on the others until `cuttle mesh forget {}` "
        "there.\n",
        entry.host, entry.host);
    fmt::print("Where it does not come back, take its keyring away, too: ceph auth rm client.cuttle.{}\n",
               entry.host);
  }
  const std::string& node = host->node().config.name;
  if (options.no_systemd) {
    fmt::print("Stop cuttle-mesh and the agent, then: cuttle down --config {}\n", host->node().path);
    return kDone;
  }
  for (const char* unit : {"cuttle-mesh@", "cuttle@"}) {
    if (auto disabled = systemctl({"disable", "--now", unit + node}); !disabled) {
      return complain(disabled.error().message, kFailed);
    }
  }
  fmt::print("Traffic of this host passes in the clear again after: cuttle down --config {}\n",
             host->node().path);
  return kDone;
}

}  // namespace

void add_leave(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("leave", "Take this host out of the mesh");
  command->footer(
      "Example:\n  cuttle mesh leave\n\nRun it on the host, as root. Its keys and its configuration stay.");
  const auto options = std::make_shared<LeaveOptions>();
  add_config(*command, options->config);
  command->add_flag("--no-systemd", options->no_systemd, "Stop no units");
  command->callback([&chosen, options] { chosen = [options] { return leave(*options); }; });
}

}  // namespace cuttle::mesh
