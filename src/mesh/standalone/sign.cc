// `genkey` and `sign`: the operator's own key, which stays on the desk.
#include <algorithm>
#include <memory>

#include "access.hh"
#include "agree.hh"
#include "host_files.hh"
#include "mesh/sign_entry.hh"

namespace cuttle::mesh {

namespace {

struct SignOptions {
  CephAccess access;
  std::string key;
  std::vector<std::string> hosts;
  std::vector<std::string> identities;
  bool all = false;
};

int genkey(const std::string& path) {
  const auto key = signing_key_at(path);
  if (!key) return complain(key.error().message, kFailed);
  fmt::print("{}\n", key->verifying_key().to_string());
  return kDone;
}

int sign(const SignOptions& options) {
  if (options.hosts.empty() == !options.all) {
    return complain("name the hosts whose entries to sign, or --all", kBadInput);
  }
  if (const auto good = check_identities(options.identities); !good) {
    return complain(good.error().message, kBadInput);
  }
  const auto key = read_signing_key(options.key);
  if (!key) return complain(key.error().message, kBadInput);
  RadosStore store(options.access);
  const auto entries = store.dump(kPeerPrefix);
  if (!entries) return complain(entries.error().message, kFailed);
  int status = kDone;
  for (const auto& [host, text] : *entries) {
    const bool wanted =
        options.all || std::find(options.hosts.begin(), options.hosts.end(), host) != options.hosts.end();
    if (!wanted) continue;
    const auto done = sign_entry(store, *key, host, text, [&](const Entry& entry) {
      return agrees(options.identities, entry, "Sign it?");
    });
    if (!done) status = complain(done.error().message, kFailed);
  }
  for (const std::string& host : options.hosts) {
    if (!entries->contains(host)) status = complain(host + " has no entry in the store", kFailed);
  }
  return status;
}

}  // namespace

void add_genkey(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("genkey", "Make a signing key for the desk, and print its public half");
  command->footer(
      "Example:\n  cuttle mesh genkey --key mesh.signing\n\n"
      "Keep the file away from the cluster: whoever has it can put a node in.");
  const auto path = std::make_shared<std::string>();
  command->add_option("--key", *path, "Where to write it; one that is there stays")
      ->required()
      ->type_name("FILE");
  command->callback([&chosen, path] { chosen = [path] { return genkey(*path); }; });
}

void add_sign(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("sign", "Sign hosts' entries, so that the others believe them");
  command->footer(
      "Example:\n  cuttle mesh sign --key mesh.signing osd3\n"
      "  cuttle mesh sign --key mesh.signing --identity fR5xq0WmS2aD osd3\n\n"
      "Needs the admin's keyring. Shows what an entry says and asks before it signs. `cuttle mesh join` "
      "prints "
      "the\n"
      "identity on the host itself: compare them, or give its beginning with --identity, which asks "
      "nothing.");
  const auto options = std::make_shared<SignOptions>();
  add_access(*command, options->access);
  command->add_option("--key", options->key, "The signing key")->required()->type_name("FILE");
  command->add_option("HOST", options->hosts, "Whose entries");
  add_identities(*command, options->identities, "Sign only entries");
  command->add_flag("--all", options->all, "All that are not signed");
  command->callback([&chosen, options] { chosen = [options] { return sign(*options); }; });
}

}  // namespace cuttle::mesh
