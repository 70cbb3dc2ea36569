#include "crypto/keys.hh"
#include "cuttle/commands.hh"
#include "cuttle/key_text.hh"

namespace cuttle {

namespace {

ExitStatus pubkey() {
  KeyInput memory;
  const auto text = read_key_text(memory);
  if (!text) return complain(text.error().message, kFailed);
  const auto key = PrivateKey::parse(*text);
  if (!key) return complain("standard input: " + key.error().message);
  if (const auto printed = print_key_text(key->public_key().to_string()); !printed)
    return complain(printed.error().message, kFailed);
  return kDone;
}

}  // namespace

void add_pubkey(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("pubkey", "Print the public key of the private key on standard input");
  command->footer("Example:\n  cuttle pubkey < /etc/cuttle/osd0.key");
  command->callback([&chosen] { chosen = pubkey; });
}

}  // namespace cuttle
