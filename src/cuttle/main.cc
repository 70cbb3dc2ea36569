// cuttle: the command line.
#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/parse_arguments.hh"
#include "config/wording.hh"
#include "cuttle/commands.hh"
#include "cuttle/drivers.hh"
#include "cuttle/tool.hh"

namespace {

constexpr char kAbout[] =
    "Carries the traffic between the nodes of a cluster as fixed-size encrypted cells at a fixed rate,\n"
    "so that whoever watches the network cannot tell an idle cluster from a busy one.";
constexpr char kFooter[] =
    "Example:\n"
    "  cuttle init --name osd0 --listen 10.77.0.11:4410 --folder /etc/cuttle\n"
    "  cuttle check /etc/cuttle/osd0.toml       find everything that is wrong\n"
    "  cuttle up --config /etc/cuttle/osd0.toml\n"
    "  cuttle status\n"
    "\n"
    "Exit status: 0 done, 1 failed or the answer is no, 2 bad input or environment.";

// What is wrong with the first word, where the parser would only say that one is required.
std::optional<std::string> wrong_word(const CLI::App& app, int argc, char** argv) {
  if (argc < 2) return "say what to do; `cuttle --help` tells more";
  const std::string_view word = argv[1];
  if (word.starts_with('-')) return std::nullopt;
  std::vector<std::string> words;
  for (const CLI::App* known : app.get_subcommands(nullptr)) words.push_back(known->get_name());
  if (std::find(words.begin(), words.end(), word) != words.end()) return std::nullopt;
  const std::vector<std::string_view> views(words.begin(), words.end());
  const std::string_view meant = cuttle::nearest(word, views);
  return cuttle::quoted(word) + " is nothing to do" +
         (meant.empty() ? "; `cuttle --help` tells more" : "; did you mean " + cuttle::quoted(meant) + "?");
}

cuttle::ExitStatus run(int argc, char** argv) {
  CLI::App app(kAbout, "cuttle");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.set_version_flag("--version", "cuttle " CUTTLE_VERSION, "Print the version and exit");
  cuttle::Action chosen;
  cuttle::add_up(app, chosen, cuttle::native_driver());
  cuttle::add_confirm(app, chosen);
  cuttle::add_close(app, chosen);
  cuttle::add_down(app, chosen);
  cuttle::add_check(app, chosen);
  cuttle::add_reload(app, chosen);
  cuttle::add_status(app, chosen);
  cuttle::add_doctor(app, chosen);
  cuttle::add_try(app, chosen);
  cuttle::add_init(app, chosen);
  cuttle::add_show(app, chosen);
  cuttle::add_genkey(app, chosen);
  cuttle::add_pubkey(app, chosen);
  cuttle::add_genpsk(app, chosen);
  cuttle::add_version(app, chosen);
  cuttle::add_tools(app);
  if (const auto wrong = wrong_word(app, argc, argv)) {
    cuttle::complain(*wrong);
    return cuttle::kBadInput;
  }
  if (const auto ended = cuttle::parse_arguments(app, argc, argv, "cuttle --help")) return *ended;
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (const auto status = cuttle::become_tool(argc, argv)) return *status;
    return run(argc, argv);
  } catch (const std::exception& error) {
    cuttle::complain(error.what());
    return cuttle::kFailed;
  }
}
