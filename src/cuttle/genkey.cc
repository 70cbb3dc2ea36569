// `genkey` and `genpsk`: the same act with two kinds of keys.
#include "crypto/keys.hh"
#include "cuttle/commands.hh"
#include "cuttle/key_text.hh"
#include "enroll/secret_key.hh"

namespace cuttle {

namespace {

template <typename Key>
ExitStatus generate() {
  warn_if_others_can_read();
  const Key key = enroll::new_key<Key>();
  if (const auto printed = print_key_text(key.reveal_text().view()); !printed)
    return complain(printed.error().message, kFailed);
  return kDone;
}

}  // namespace

void add_genkey(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("genkey", "Print a new private key");
  command->footer("Example:\n  (umask 077; cuttle genkey > /etc/cuttle/osd0.key)");
  command->callback([&chosen] { chosen = generate<PrivateKey>; });
}

void add_genpsk(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("genpsk", "Print a new preshared key, for two nodes to share");
  command->footer("Example:\n  (umask 077; cuttle genpsk > /etc/cuttle/osd0-mon.psk)");
  command->callback([&chosen] { chosen = generate<PresharedKey>; });
}

}  // namespace cuttle
