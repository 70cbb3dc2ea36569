// `cuttle audit`: the command line of the audit.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace cuttle::audit {

// What a chosen word does; its result is the exit status: 0 within the bound, 1 not, 2 could not judge or bad
// input.
using AuditAction = std::function<int()>;

// Adds the subcommand `audit` to `app`. `choose` is called while `app` parses, when `audit` was given, with
// what is then to be run.
void add_audit_command(CLI::App& app, std::function<void(AuditAction)> choose);
// Runs at once, while `app` parses; `status` becomes the exit status.
void add_audit_command(CLI::App& app, int& status);
// The same options on `app` itself, for the audit as a program of its own.
void add_audit_options(CLI::App& app, std::function<void(AuditAction)> choose);

}  // namespace cuttle::audit
