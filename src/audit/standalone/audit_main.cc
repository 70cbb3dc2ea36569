// cuttle-audit: `cuttle audit` as a program of its own.
#include <CLI/CLI.hpp>
#include <exception>
#include <utility>

#include "audit/command.hh"
#include "base/parse_arguments.hh"

namespace {

int run(int argc, char** argv) {
  CLI::App app{"What can an observer tell from a capture?"};
  cuttle::audit::AuditAction chosen;
  cuttle::audit::add_audit_options(app,
                                   [&](cuttle::audit::AuditAction action) { chosen = std::move(action); });
  if (const auto ended = cuttle::parse_arguments(app, argc, argv, "cuttle audit --help")) return *ended;
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return cuttle::complain(error.what());
  }
}
