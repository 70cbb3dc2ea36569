// cuttle-audit: `cuttle audit` as a program of its own.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "audit/command.hh"

namespace {

int run(int argc, char** argv) {
  CLI::App app{"What can an observer tell from a capture?"};
  cuttle::audit::AuditAction chosen;
  cuttle::audit::add_audit_options(app,
                                   [&](cuttle::audit::AuditAction action) { chosen = std::move(action); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return 2;
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 2;
  }
}
