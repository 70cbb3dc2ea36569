#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

#include "doctor/examine.hh"
#include "node/instant_queues.hh"
#include "node/preflight.hh"

namespace cuttle::doctor {

namespace {

// Whom the packaged unit runs the agent as. Root can check and start what that user cannot read.
constexpr const char* kUnitUser = "cuttle";

void examine_key_file(const std::string& path, Findings& findings) {
  const passwd* user = ::getpwnam(kUnitUser);
  struct stat status {};
  if (path.empty() || user == nullptr || ::stat(path.c_str(), &status) != 0) return;
  if (status.st_uid == user->pw_uid) return;
  findings.push_back(
      {Mark::unsure,
       fmt::format("{} does not belong to the user {}, whom the unit runs the agent as", path, kUnitUser),
       fmt::format("chown {}: {}", kUnitUser, path)});
}

}  // namespace

Findings examine_configuration(const LoadedConfig& loaded) {
  Problems problems;
  check_machine(loaded.config, loaded.lines, problems);
  Findings findings;
  for (const Problem& problem : problems.list()) {
    findings.push_back({problem.severity == Severity::error ? Mark::bad : Mark::unsure,
                        to_string(problem, loaded.file), ""});
  }
  if (findings.empty()) {
    findings.push_back(
        {Mark::good, loaded.file + " fits this machine: addresses, reverse paths, interfaces", ""});
  }
  for (std::string& line : describe_instant_queues(loaded.config)) {
    findings.push_back({Mark::good, std::move(line), ""});
  }
  examine_key_file(loaded.config.private_key_file, findings);
  for (const PeerConfig& peer : loaded.config.peers) {
    examine_key_file(peer.preshared_key_file, findings);
    if (!peer.joining) continue;
    findings.push_back({Mark::unsure,
                        fmt::format("peer {} is joining: after a reboot, traffic passes beside its "
                                    "link until it is up",
                                    peer.name),
                        fmt::format("once it is up, take `joining` out of {}", loaded.file)});
  }
  return findings;
}

}  // namespace cuttle::doctor
