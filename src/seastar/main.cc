// cuttle-seastar: what `cuttle up` becomes with the driver seastar. It knows `up` and, for `up --confirm`,
// `down`.
#include <exception>

#include "base/parse_arguments.hh"
#include "control/metrics_address.hh"
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
  cuttle::SeastarOptions wanted{
      .split = options.split, .poll_mode = options.poll_mode || config.spin, .more = options.more};
  if (!options.metrics.empty()) {
    const auto metrics =
        cuttle::parse_metrics_address("--metrics", options.metrics, "127.0.0.1:9180", options.reveal);
    if (!metrics) return tl::unexpected(metrics.error());
    wanted.metrics = *metrics;
  }
  auto settings = cuttle::seastar_settings(config, wanted);
  if (!settings) return tl::unexpected(settings.error());
  return cuttle::make_seastar_driver(wanted, std::move(*settings));
}

cuttle::ExitStatus run(int argc, char** argv) {
  CLI::App app("The agent on Seastar's reactor: what `cuttle up --driver seastar` runs.", "cuttle-seastar");
  app.require_subcommand(1);
  app.set_version_flag("--version", "cuttle " CUTTLE_VERSION, "Print the version and exit");
  cuttle::Action chosen;
  cuttle::add_up(app, chosen, {"seastar", make});
  cuttle::add_down(app, chosen);
  if (const auto ended = cuttle::parse_arguments(app, argc, argv, "cuttle up --help")) return *ended;
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
