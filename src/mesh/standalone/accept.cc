// `accept` and `forget`: root's word on this host about another.
#include <memory>

#include "access.hh"
#include "agree.hh"
#include "io/file_lock.hh"

namespace cuttle::mesh {

namespace {

struct WordOptions {
  std::string config;
  std::string host;
  std::vector<std::string> identities;  // of `accept`
};

// Reads what is known, lets `change` change it, and writes it; with the lock.
int change_known(const NodeFile& node, const std::function<Result<std::string>(Known&)>& change) {
  const Files files = files_of(node.config.mesh->peers_file);
  const auto lock = FileLock::wait_for(files.lock);
  if (!lock) return complain(lock.error().message, kFailed);
  auto known = read_known(files, node.text);
  if (!known) return complain(known.error().message, kFailed);
  const auto said = change(*known);
  if (!said) return complain(said.error().message, kFailed);
  if (auto written = write_file(files.known, to_json(*known), files.spare); !written) {
    return complain(written.error().message, kFailed);
  }
  fmt::print("{}\n", *said);
  return kDone;
}

Result<Entry> entry_of(Store& store, const std::string& host) {
  const auto text = store.get(kPeerPrefix + host);
  if (!text) return tl::unexpected(text.error());
  if (!*text)
    return failure(fmt::format("{}{} is not in the store: there is nothing to accept", kPeerPrefix, host));
  auto entry = parse_entry(host, **text);
  if (!entry) return failure(fmt::format("{}{}: {}", kPeerPrefix, host, entry.error().message));
  if (!is_proved(*entry)) {
    return failure(fmt::format(
        "{}{}: it is not proved with the key that it names; that host has to join again", kPeerPrefix, host));
  }
  if (entry->left) return failure(fmt::format("{} has left the mesh: there is nothing to accept", host));
  return entry;
}

int accept_host(const WordOptions& options) {
  const auto host = host_argument(options.host);
  if (!host) return complain(host.error().message, kBadInput);
  if (const auto good = check_identities(options.identities); !good) {
    return complain(good.error().message, kBadInput);
  }
  const auto node = node_of(options.config);
  if (!node) return complain(node.error().message, kFailed);
  RadosStore store(access_of(*node));
  const auto entry = entry_of(store, *host);
  if (!entry) return complain(entry.error().message, kFailed);
  const auto revoked = store.get(kRevokedPrefix + *host);
  if (!revoked) return complain(revoked.error().message, kFailed);
  if (*revoked) {
    return complain(
        fmt::format("{} is revoked for all; first, at the desk: cuttle mesh revoke --undo {}", *host, *host),
        kFailed);
  }
  if (!agrees(options.identities, *entry, "Accept it here?")) return complain("nothing is changed", kFailed);
  return change_known(*node, [&](Known& known) -> Result<std::string> {
    accept(known, *entry);
    return fmt::format("{}: accepted here, with the key {} at {}. Its link follows within seconds.", *host,
                       entry->key.to_string(), entry->endpoint.to_string());
  });
}

int forget_host(const WordOptions& options) {
  const auto host = host_argument(options.host);
  if (!host) return complain(host.error().message, kBadInput);
  const auto node = node_of(options.config);
  if (!node) return complain(node.error().message, kFailed);
  return change_known(*node, [&](Known& known) -> Result<std::string> {
    const auto opens = forget(known, *host);
    if (!opens) return tl::unexpected(opens.error());
    return fmt::format("{} is forgotten here: traffic to{} passes in the clear within seconds.", *host,
                       after_blanks(*opens));
  });
}

CLI::App* add_word(CLI::App& app, Action& chosen, const char* word, const char* about, const char* footer,
                   const std::shared_ptr<WordOptions>& options, int (*run)(const WordOptions&)) {
  CLI::App* command = app.add_subcommand(word, about);
  command->footer(footer);
  command->add_option("HOST", options->host, "As `cuttle mesh status` shows it")->required();
  add_config(*command, options->config);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return command;
}

}  // namespace

void add_accept(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<WordOptions>();
  CLI::App* command =
      add_word(app, chosen, "accept", "Believe what a host says now: another key, another's address",
               "Example:\n  cuttle mesh accept osd3\n  cuttle mesh accept --identity fR5xq0WmS2aD osd3\n\n"
               "For this host alone, as root. Ask first why it changed: a host that was installed anew has "
               "another key,\n"
               "and so has somebody who only says that he is that host. Shows what its entry says and asks; "
               "`cuttle mesh join`\n"
               "prints the identity on that host itself: compare them, or give its beginning with "
               "--identity, which asks\n"
               "nothing.",
               options, accept_host);
  add_identities(*command, options->identities, "Accept only an entry");
}

void add_forget(CLI::App& app, Action& chosen) {
  add_word(
      app, chosen, "forget", "Open the addresses of a host that left or was revoked",
      "Example:\n  cuttle mesh forget osd3\n\n"
      "For this host alone, as root. Until then they stay closed: nothing that the store says opens them.",
      std::make_shared<WordOptions>(), forget_host);
}

}  // namespace cuttle::mesh
