// cuttle-metrics: what `cuttle metrics` becomes. Asks the agents of this host through their control sockets
// whenever Prometheus asks it.
#include <fmt/format.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <memory>

#include "base/complain.hh"
#include "base/parse_arguments.hh"
#include "control/client.hh"
#include "control/metrics_address.hh"
#include "metrics/families.hh"

namespace cuttle::metrics {
namespace {

constexpr Duration kStatusTimeout = seconds(3);
constexpr const char* kDefaultListen = "127.0.0.1:9810";

struct Arguments {
  std::string listen = kDefaultListen;
  std::vector<std::string> sockets;
  bool once = false;
  bool public_address = false;
};

class Agents : public prometheus::Collectable {
 public:
  explicit Agents(std::vector<std::string> sockets) : sockets_(std::move(sockets)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<AgentAnswer> answers;
    for (const std::string& socket : sockets()) {
      AgentAnswer& answer = answers.emplace_back();
      answer.node = std::filesystem::path(socket).stem().string();
      const auto document = ask_agent(socket, "status", kStatusTimeout);
      auto status = document ? status_from_json(*document) : tl::unexpected(document.error());
      if (!status) continue;
      answer.node = status->node;
      answer.status = std::move(*status);
    }
    return families(answers);
  }

 private:
  std::vector<std::string> sockets() const {
    return sockets_.empty() ? find_status_sockets(std::string(kControlFolder)) : sockets_;
  }

  std::vector<std::string> sockets_;
};

int wait_for_end() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  int signal = 0;
  sigwait(&ends, &signal);
  return kDone;
}

int serve(const Arguments& arguments, const std::shared_ptr<Agents>& agents) {
  const auto listen =
      parse_metrics_address("--listen", arguments.listen, kDefaultListen, arguments.public_address);
  if (!listen) return complain(listen.error().message, kBadInput);
  // Blocked before the server's threads start, so that they inherit it.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::unique_ptr<prometheus::Exposer> exposer;
  try {
    exposer = std::make_unique<prometheus::Exposer>(arguments.listen, 2);
  } catch (const std::exception&) {
    return complain(
        fmt::format("--listen {}: cannot listen there; is the port taken, or the address not this "
                    "machine's?",
                    arguments.listen),
        kBadInput);
  }
  exposer->RegisterCollectable(agents);
  fmt::print("metrics on http://{}/metrics\n", arguments.listen);
  std::fflush(stdout);
  return wait_for_end();
}

int run(const Arguments& arguments) {
  const auto agents = std::make_shared<Agents>(arguments.sockets);
  if (!arguments.once) return serve(arguments, agents);
  const auto collected = agents->Collect();
  fmt::print("{}", prometheus::TextSerializer().Serialize(collected));
  if (collected.empty()) return complain("no agent is running here", kFailed);
  return kDone;
}

int parse_and_run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Serves the metrics of this host's agents to Prometheus.", "cuttle metrics");
  app.footer(
      "Example:\n"
      "  cuttle metrics --listen 127.0.0.1:9810\n"
      "  cuttle metrics --once > /var/lib/prometheus/node-exporter/cuttle.prom\n\n"
      "The metrics say what the wire does not: how much is carried, and when. Keep them where the keys may "
      "be.\n"
      "docs/metrics.md lists them; alert rules and a dashboard are in /usr/share/cuttle.");
  app.add_option("--listen", arguments.listen, "Where to listen")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  app.add_option("--socket", arguments.sockets,
                 "An agent's status or control socket; all of /run/cuttle by default")
      ->type_name("PATH");
  app.add_flag("--once", arguments.once, "Print them once and end");
  app.add_flag("--reveal", arguments.public_address, "Allow an address that others can reach");
  if (const auto ended = parse_arguments(app, argc, argv, "cuttle metrics --help")) return *ended;
  return run(arguments);
}

}  // namespace
}  // namespace cuttle::metrics

int main(int argc, char** argv) {
  try {
    return cuttle::metrics::parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    return cuttle::complain(error.what(), cuttle::kFailed);
  }
}
