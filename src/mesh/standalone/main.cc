// cuttle-mesh: what `cuttle mesh` becomes. A program of its own: it loads librados, which the agent does not.
#include <malloc.h>
#include <sys/stat.h>

#include <exception>

#include "access.hh"
#include "base/parse_arguments.hh"

namespace cuttle::mesh {
namespace {

int run(int argc, char** argv) {
  CLI::App app(
      "Nodes enrolled by the cluster's monitors: a host joins, changes or leaves by one command on it.",
      "cuttle mesh");
  app.footer(
      "Example:\n"
      "  cuttle mesh init --network 10.77.0.0/24       once, with the admin's keyring\n"
      "  cuttle mesh join                              on each host\n"
      "  cuttle mesh status\n\n"
      "Every word has its own --help. docs/mesh.md says what a host believes, and why.");
  app.require_subcommand(1);
  Action chosen;
  add_init(app, chosen);
  add_capabilities(app, chosen);
  add_join(app, chosen);
  add_leave(app, chosen);
  add_status(app, chosen);
  add_accept(app, chosen);
  add_forget(app, chosen);
  add_revoke(app, chosen);
  add_rotate(app, chosen);
  add_genkey(app, chosen);
  add_sign(app, chosen);
  add_export(app, chosen);
  add_serve(app, chosen);
  if (const auto ended = parse_arguments(app, argc, argv, "cuttle mesh --help")) return *ended;
  return chosen();
}

}  // namespace
}  // namespace cuttle::mesh

int main(int argc, char** argv) {
  // The agent, another user, reads what is written here; secrets are for their owner alone whatever this
  // says.
  ::umask(022);
  // librados has a dozen threads, and each would have an arena of its own.
  ::mallopt(M_ARENA_MAX, 1);
  try {
    return cuttle::mesh::run(argc, argv);
  } catch (const std::exception& error) {
    return cuttle::complain(error.what(), cuttle::kFailed);
  }
}
