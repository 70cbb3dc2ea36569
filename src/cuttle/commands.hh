// The words of the command line, one file each. A word registers itself with its options and, when it is the
// one chosen, sets what is to be done.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "base/complain.hh"
#include "config/load.hh"

namespace cuttle {

// Of `cuttle down`, for the end of a trial: an address that stays closed. Not for people.
inline constexpr char kClosedBefore[] = "--closed-before";

// What the chosen word does.
using Action = std::function<ExitStatus()>;

struct OwnDriver;  // drivers.hh
void add_up(CLI::App& app, Action& chosen, const OwnDriver& own);
void add_confirm(CLI::App& app, Action& chosen);
void add_close(CLI::App& app, Action& chosen);
void add_down(CLI::App& app, Action& chosen);
void add_check(CLI::App& app, Action& chosen);
void add_reload(CLI::App& app, Action& chosen);
void add_status(CLI::App& app, Action& chosen);
void add_doctor(CLI::App& app, Action& chosen);
void add_init(CLI::App& app, Action& chosen);
void add_show(CLI::App& app, Action& chosen);
void add_genkey(CLI::App& app, Action& chosen);
void add_pubkey(CLI::App& app, Action& chosen);
void add_genpsk(CLI::App& app, Action& chosen);
void add_try(CLI::App& app, Action& chosen);
void add_version(CLI::App& app, Action& chosen);

// Every problem of a configuration, one line each, on stderr.
void complain(const LoadedConfig& loaded);

}  // namespace cuttle
