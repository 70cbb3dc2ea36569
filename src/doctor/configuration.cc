#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

#include "doctor/examine.hh"
#include "node/preflight.hh"

namespace cuttle::doctor {

namespace {

// Whether a chain, as nft prints it, keeps out what it does not name.
bool drops_by_default(std::string_view chain) {
  return chain.find("hook input") != std::string_view::npos &&
         chain.find("policy drop") != std::string_view::npos;
}

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
    findings.push_back(
        {problem.severity == Severity::error ? Mark::bad : Mark::unsure, to_text(problem, loaded.file), ""});
  }
  if (findings.empty()) {
    findings.push_back(
        {Mark::good, loaded.file + " fits this machine: addresses, reverse paths, interfaces", ""});
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

Findings examine_firewall(std::string_view ruleset, uint16_t port) {
  Findings findings;
  const std::string number = std::to_string(port);
  size_t begin = ruleset.find("chain ");
  while (begin != std::string_view::npos) {
    const size_t next = ruleset.find("chain ", begin + 6);
    const std::string_view chain =
        ruleset.substr(begin, next == std::string_view::npos ? ruleset.size() - begin : next - begin);
    if (drops_by_default(chain) && chain.find(number) == std::string_view::npos) {
      findings.push_back(
          {Mark::unsure,
           fmt::format("the firewall's chain {} drops what it does not name, and does not name port {}",
                       chain.substr(6, chain.find(' ', 6) - 6), port),
           fmt::format("let it through: nft add rule ... udp dport {} accept", port)});
    }
    begin = next;
  }
  if (findings.empty()) {
    findings.push_back(
        {Mark::good, fmt::format("no rule of nftables is seen to drop UDP port {}", port), ""});
  }
  return findings;
}

}  // namespace cuttle::doctor
