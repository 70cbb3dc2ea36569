// Whether an entry of the store is that of the host it names: nothing in the store tells, so somebody
// compares the identity with what `cuttle mesh join` printed on the host itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "mesh/sign_entry.hh"

namespace cuttle::mesh {

// The option --identity of such a word. `about`: what it does with those whose identity begins so.
void add_identities(CLI::App& command, std::vector<std::string>& identities, const std::string& about);

// An error where one is too short to tell hosts apart.
Result<void> check_identities(const std::vector<std::string>& identities);

// Shows what the entry says. By the identities that were given, or by whoever is asked `question`, on a
// terminal.
bool agrees(const std::vector<std::string>& identities, const Entry& entry, const std::string& question);

}  // namespace cuttle::mesh
