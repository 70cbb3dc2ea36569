// `rotate`: this host's static key, with the old one and the new one accepted meanwhile.
#include <stdio.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "host_files.hh"
#include "io/child_process.hh"
#include "local_agent.hh"
#include "local_words.hh"

namespace cuttle::mesh {

namespace {

// Sessions are renewed every two minutes at the latest (docs/wire-format.md).
constexpr Duration kSessionTime = seconds(150);

struct RotateOptions {
  std::string config;
  int wait_s = 60;
  bool force = false;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Where another host says that it has the announced one, whoever looks at that host first believes him: a new
// one, then.
Result<PrivateKey> next_key_at(const std::string& file, LocalHost& host) {
  auto next = private_key_at(file);
  if (!next) return next;
  const auto entries = host.store().dump(kPeerPrefix);
  if (!entries) return tl::unexpected(entries.error());
  const auto thief = who_claims(next->public_key(), host.own().host, *entries);
  if (!thief) return next;
  fmt::print("{} claims the key that this host announced; another one is drawn\n", *thief);
  std::error_code error;
  if (!std::filesystem::remove(file, error)) return failure(file + ": cannot be removed");
  return private_key_at(file);
}

// Step 1: everybody knows both keys.
Result<void> announce(LocalHost& host, const PublicKey& next, const RotateOptions& options) {
  // Also where an earlier run did: what the others have taken in lately is what they say.
  Entry entry = host.own();
  entry.next_key = next;
  if (auto published = host.publish(std::move(entry)); !published) return published;
  const auto not_taken = host.wait_until_taken(seconds(options.wait_s));
  if (!not_taken) return failure("the old key stays in use: " + not_taken.error().message);
  const std::vector<std::string>& missing = *not_taken;
  if (missing.empty() || options.force) return {};
  return failure(fmt::format(
      "the old key stays in use: {} {} not taken the new one in yet{}. Run this again, it goes on from here; "
      "--force does not wait for them, and their links end until they look",
      joined(missing), missing.size() == 1 ? "has" : "have",
      host.node().config.mesh->signing_key
          ? fmt::format(" (`cuttle mesh sign {}` is needed)", host.own().host)
          : ""));
}

// Step 3: every session that there is was agreed after the change.
bool all_renewed(const StatusSnapshot& status, Duration since) {
  for (const LinkStatus& link : status.links) {
    if (link.session_age_s && static_cast<int64_t>(*link.session_age_s) * 1'000'000'000 >= since.ns)
      return false;
  }
  return true;
}

int rotate(const RotateOptions& options) {
  auto host = LocalHost::open(options.config);
  if (!host) return complain(host.error().message, kFailed);
  if (host->own().left) return complain("this host has left the mesh", kFailed);
  const std::string& key_file = host->node().config.private_key_file;
  const std::string next_file = key_file + ".next";
  const auto current = private_key_at(key_file);
  if (!current) return complain(current.error().message, kFailed);
  LocalAgent agent(host->node().config);
  // A run that ended between the change and its last step left no next key behind.
  const bool changed = host->own().next_key == current->public_key();
  if (!changed) {
    const auto next = next_key_at(next_file, *host);
    if (!next) return complain(next.error().message, kFailed);
    if (auto announced = announce(*host, next->public_key(), options); !announced) {
      return complain(announced.error().message, kFailed);
    }
    if (auto given = give_to(next_file, "cuttle"); !given) return complain(given.error().message, kFailed);
    if (std::rename(next_file.c_str(), key_file.c_str()) != 0)
      return complain("cannot put the new key in place", kFailed);
  }
  const Instant since = steady_now();
  if (agent.status()) {
    const auto report = agent.reload();
    if (!report) return complain("the agent does not take the new key: " + report.error().message, kFailed);
    if (!report->reloaded) return complain("the agent refuses: " + joined(report->problems), kFailed);
    // A link that could not be had takes the new key, too, once it can.
    for (const std::string& line : report->undone) fmt::print("  note: {}\n", line);
    fmt::print("The new key is in use; waiting until every session is agreed with it\n");
    std::fflush(stdout);
    while (steady_now() - since < kSessionTime) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      const auto status = agent.status();
      if (!status || all_renewed(*status, steady_now() - since)) break;
    }
  }
  Entry entry = host->own();
  entry.key = *entry.next_key;
  entry.next_key.reset();
  if (auto published = host->publish(std::move(entry)); !published)
    return complain(published.error().message, kFailed);
  fmt::print("{} has a new key; the old one is worth nothing once the others have looked\n",
             host->own().host);
  return kDone;
}

}  // namespace

void add_rotate(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("rotate", "Renew this host's static key, without a packet lost");
  command->footer(
      "Example:\n  cuttle mesh rotate\n\n"
      "Run it on the host, as root. It takes up to three minutes; one that was interrupted goes on where it "
      "was.");
  const auto options = std::make_shared<RotateOptions>();
  add_config(*command, options->config);
  command->add_option("--wait", options->wait_s, "Seconds for the others to take the new key in")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag("--force", options->force, "Go on though some have not");
  command->callback([&chosen, options] { chosen = [options] { return rotate(*options); }; });
}

}  // namespace cuttle::mesh
