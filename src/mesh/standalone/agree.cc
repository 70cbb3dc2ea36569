#include "agree.hh"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "access.hh"

namespace cuttle::mesh {

void add_identities(CLI::App& command, std::vector<std::string>& identities, const std::string& about) {
  command
      .add_option("--identity", identities,
                  about + " whose identity begins so; 12 characters or more, may be repeated")
      ->type_name("BEGINNING")
      ->allow_extra_args(false);
}

Result<void> check_identities(const std::vector<std::string>& identities) {
  for (const std::string& one : identities) {
    if (one.size() >= kShortestIdentity) continue;
    return failure(
        fmt::format("--identity {}: too short; give {} characters of it or more", one, kShortestIdentity));
  }
  return {};
}

bool agrees(const std::vector<std::string>& identities, const Entry& entry, const std::string& question) {
  fmt::print("{}: identity {}, number {}, key {}, at {}, addresses{}\n", entry.host,
             entry.identity.to_string(), entry.counter, entry.key.to_string(), entry.endpoint.to_string(),
             after_blanks(entry.addresses));
  std::fflush(stdout);
  if (!identities.empty()) {
    if (is_one_of(entry.identity, identities)) return true;
    complain(entry.host + ": none of --identity is the beginning of its identity");
    return false;
  }
  if (::isatty(STDIN_FILENO) == 0) {
    complain("say which identity is meant with --identity, or run it on a terminal, which asks");
    return false;
  }
  fmt::print("Is it what `cuttle mesh join` printed on {}? {} (yes) ", entry.host, question);
  std::fflush(stdout);
  std::string answer;
  return static_cast<bool>(std::getline(std::cin, answer)) && answer == "yes";
}

}  // namespace cuttle::mesh
