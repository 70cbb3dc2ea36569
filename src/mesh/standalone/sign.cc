// `genkey` and `sign`: the operator's own key, which stays on the desk.
#include <algorithm>
#include <memory>

#include "access.hh"
#include "host_files.hh"

namespace cuttle::mesh {

namespace {

struct SignOptions {
  CephAccess access;
  std::string key;
  std::vector<std::string> hosts;
  bool all = false;
};

int genkey(const std::string& path) {
  const auto key = signing_key_at(path);
  if (!key) return complain(key.error().message, kFailed);
  fmt::print("{}\n", key->verifying_key().text());
  return kDone;
}

Result<void> sign_one(Store& store, const SigningKey& key, const std::string& host, const std::string& text) {
  auto entry = parse_proved_entry(host, text);
  if (!entry) return failure(fmt::format("{}{}: {}", kPeerPrefix, host, entry.error().message));
  if (entry->left || is_signed(*entry, key.verifying_key())) return {};
  sign(*entry, key);
  fmt::print("{}: number {}, key {}, at {}, addresses{}\n", host, entry->counter, entry->key.text(),
             entry->endpoint.text(), after_blanks(entry->addresses));
  return store.set(kPeerPrefix + host, to_json(*entry));
}

int sign(const SignOptions& options) {
  if (options.hosts.empty() == !options.all) {
    return complain("name the hosts whose entries to sign, or --all", kBadInput);
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
    if (auto done = sign_one(store, *key, host, text); !done)
      status = complain(done.error().message, kFailed);
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
      "Example:\n  cuttle mesh sign --key mesh.signing osd3\n\n"
      "Needs the admin's keyring. Prints what it signs: look at the keys and addresses, and at --all twice.");
  const auto options = std::make_shared<SignOptions>();
  add_access(*command, options->access);
  command->add_option("--key", options->key, "The signing key")->required()->type_name("FILE");
  command->add_option("HOST", options->hosts, "Whose entries");
  command->add_flag("--all", options->all, "All that are not signed");
  command->callback([&chosen, options] { chosen = [options] { return sign(*options); }; });
}

}  // namespace cuttle::mesh
