#include <fmt/format.h>

#include "crypto/aead.hh"
#include "cuttle/commands.hh"

namespace cuttle {

void add_version(CLI::App& app, Action& chosen) {
  CLI::App* command = app.add_subcommand("version", "Print the version and what it would run with here");
  command->footer("Example:\n  cuttle version");
  command->callback([&chosen] {
    chosen = [] {
      fmt::print("cuttle {}\ncells are sealed with {} here\n", CUTTLE_VERSION,
                 aead_backend_name(best_aead_backend()));
      return kDone;
    };
  });
}

}  // namespace cuttle
