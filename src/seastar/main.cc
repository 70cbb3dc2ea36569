// cuttle-seastar: what `cuttle up` becomes with the driver seastar. It knows `up` and, for `up --confirm`,
// `down`.
#include <exception>

#include "cuttle/commands.hh"
#include "cuttle/drivers.hh"
#include "seastar/driver.hh"

namespace {

cuttle::Result<cuttle::MakeDriver> make(const cuttle::DriverOptions& options,
                                        const cuttle::NodeConfig& config) {
  if (options.split && config.shards < 2) {
    return cuttle::failure(
        "--split needs two shards at least; write runtime.shards = 2 in the configuration");
  }
  const auto metrics = cuttle::Endpoint::parse(options.metrics);
  if (!options.metrics.empty() && !metrics) {
    return cuttle::failure("--metrics " + options.metrics +
                           ": write an address and a port, as 127.0.0.1:9180");
  }
  return cuttle::make_seastar_driver({.split = options.split,
                                      .poll_mode = options.poll_mode || config.spin,
                                      .metrics = metrics,
                                      .more = options.more});
}

cuttle::ExitStatus run(int argc, char** argv) {
  CLI::App app("The agent on Seastar's reactor: what `cuttle up --driver seastar` runs.", "cuttle-seastar");
  app.require_subcommand(1);
  app.set_version_flag("--version", "cuttle " CUTTLE_VERSION, "Print the version and exit");
  cuttle::Action chosen;
  cuttle::add_up(app, chosen, {"seastar", make});
  cuttle::add_down(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return cuttle::kDone;
    }
    cuttle::complain(std::string(error.what()) + "; `cuttle up --help` tells more");
    return cuttle::kBadInput;
  }
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    cuttle::complain(error.what());
    return cuttle::kFailed;
  }
}
