// `revoke`: a host out of the mesh, by the operator's word.
#include <memory>

#include "access.hh"

namespace cuttle::mesh {

namespace {

struct RevokeOptions {
  CephAccess access;
  std::string host;
  bool undo = false;
};

int revoke(const RevokeOptions& options) {
  const auto host = host_argument(options.host);
  if (!host) return complain(host.error().message, kBadInput);
  RadosStore store(options.access);
  const std::string key = kRevokedPrefix + *host;
  if (options.undo) {
    if (auto removed = store.remove(key); !removed) return complain(removed.error().message, kFailed);
    fmt::print(
        "{0} is no longer revoked. Each host that ended its link takes it back by: cuttle mesh accept {0}\n",
        *host);
    return kDone;
  }
  if (auto set = store.set(key, "{\"version\":1,\"host\":\"" + *host + "\"}"); !set) {
    return complain(set.error().message, kFailed);
  }
  fmt::print(
      "{0} is revoked: the others end their links to it within 15 s, and its addresses stay closed there.\n"
      "Take its keyring away, too: ceph auth rm client.cuttle.{0}\n",
      *host);
  return kDone;
}

}  // namespace

void add_revoke(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("revoke", "End a host's links everywhere");
  command->footer("Example:\n  cuttle mesh revoke osd3\n\nNeeds the admin's keyring.");
  const auto options = std::make_shared<RevokeOptions>();
  add_access(*command, options->access);
  command->add_option("HOST", options->host, "As `cuttle mesh status` shows it")->required();
  command->add_flag("--undo", options->undo, "Let it come back");
  command->callback([&chosen, options] { chosen = [options] { return revoke(*options); }; });
}

}  // namespace cuttle::mesh
