#include "audit/command.hh"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>

#include "audit/output.hh"
#include "base/complain.hh"
#include "capture/live_capture.hh"
#include "report/page.hh"

namespace cuttle::audit {

namespace {

struct Arguments {
  std::vector<std::string> captures, schedules;
  std::string live;
  double live_seconds = 0;
  std::string labels, nodes, line_rate = "raw", out, export_to;
  std::vector<std::string> classes;
  capture::CellShape shape;
  double window_s = 1;
  double block_s = 20;
  double settle_s = 0;
  double max_accuracy = 0.55;
  AttackOptions attack;
  bool self_test = false;
  bool print_json = false;
  bool quiet = false;
};

Duration from_seconds(double s) {
  return {static_cast<int64_t>(s * 1e9)};
}

Result<AuditOptions> audit_options(const Arguments& arguments) {
  auto nodes = capture::NodeList::parse(arguments.nodes);
  if (!nodes) return tl::unexpected(nodes.error());
  const auto rate = LineRate::parse(arguments.line_rate);
  if (!rate) return tl::unexpected(rate.error());
  return AuditOptions{.nodes = std::move(*nodes),
                      .shape = arguments.shape,
                      .line_rate = *rate,
                      .windows = {from_seconds(arguments.window_s), from_seconds(arguments.settle_s),
                                  from_seconds(arguments.block_s)},
                      .attack = arguments.attack,
                      .max_accuracy = arguments.max_accuracy,
                      .classes = arguments.classes,
                      .schedules = arguments.schedules,
                      .export_to = arguments.export_to};
}

Result<void> write_outputs(const std::string& folder, const std::string& page, const nlohmann::json& json) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return failure(fmt::format("{}: cannot make the folder: {}", folder, error.message()));
  if (!page.empty()) {
    auto written = report::write_file(folder + "/report.html", page);
    if (!written) return written;
  }
  return report::write_file(folder + "/report.json", json.dump(2) + "\n");
}

std::atomic<capture::LiveCapture*> live_capture = nullptr;

// Records the interface for the given time, or until Ctrl-C; the audit then reads the file.
Result<std::string> record_live(const Arguments& arguments, Progress& progress) {
  std::error_code error;
  std::filesystem::create_directories(arguments.out, error);
  const std::string path = arguments.out + "/live.pcap";
  capture::LiveOptions options;
  options.interface = arguments.live;
  options.length = from_seconds(arguments.live_seconds);
  options.record_to = path;
  auto live = capture::LiveCapture::open(options);
  if (!live) return tl::unexpected(live.error());
  live_capture = live->get();
  const auto previous = std::signal(SIGINT, [](int) {
    if (capture::LiveCapture* running = live_capture.load()) running->stop();
  });
  progress.begin("recording " + arguments.live);
  capture::PacketRecord record;
  Result<bool> more = true;
  while (more && *more) {
    more = (*live)->next(record);
    progress.at((*live)->fraction_read());
  }
  std::signal(SIGINT, previous);
  live_capture = nullptr;
  progress.finish();
  if (!more) return tl::unexpected(more.error());
  if ((*live)->dropped() > 0) {
    return failure(fmt::format("{}: the kernel dropped {} packets; record with tcpdump -B and audit the file",
                               arguments.live, (*live)->dropped()));
  }
  return path;
}

int run_self_test_command(const Arguments& arguments, Progress& progress) {
  const auto test = run_self_test(arguments.attack.seed, arguments.attack.trees.threads, progress);
  if (!test) return complain(test.error().message);
  const auto json = self_test_json(*test);
  const auto written = write_outputs(arguments.out, "", json);
  if (!written) return complain(written.error().message);
  fmt::print("{}", arguments.print_json ? json.dump(2) + "\n" : self_test_text(*test));
  return test->passed() ? kDone : kFailed;
}

int run(const Arguments& arguments) {
  Progress progress(arguments.quiet ? Progress::Show::no : Progress::Show::yes);
  if (arguments.self_test) return run_self_test_command(arguments, progress);
  if (arguments.captures.empty() == arguments.live.empty())
    return complain("give --capture FILE or --live INTERFACE");
  if (arguments.labels.empty()) return complain("give --labels FILE: start_ns,end_ns,class");
  if (arguments.nodes.empty()) return complain("give --nodes NAME=ADDRESS,NAME=ADDRESS,...");
  if (!arguments.live.empty() && (arguments.out.empty() || arguments.live_seconds <= 0)) {
    return complain("--live needs --seconds and --out, where the capture is kept");
  }
  const auto options = audit_options(arguments);
  if (!options) return complain(options.error().message);

  std::vector<CaptureInput> inputs;
  for (const std::string& path : arguments.captures) inputs.push_back(capture_file_input(path));
  if (!arguments.live.empty()) {
    const auto path = record_live(arguments, progress);
    if (!path) return complain(path.error().message);
    inputs.push_back(capture_file_input(*path));
  }
  const auto spans = capture::read_spans(arguments.labels);
  if (!spans) return complain(spans.error().message);
  const auto result = run_audit(inputs, *spans, arguments.labels, *options, progress);
  if (!result) return complain(result.error().message);

  const auto json = result_json(*result);
  const auto written = write_outputs(arguments.out, arguments.out.empty() ? "" : result_page(*result), json);
  if (!written) return complain(written.error().message);
  fmt::print("{}", arguments.print_json ? json.dump(2) + "\n" : result_text(*result));
  switch (result->verdict) {
    case Verdict::within_bound:
      return kDone;
    case Verdict::leaks:
      return kFailed;
    case Verdict::not_judged:
      break;
  }
  return kBadInput;
}

void add_options(CLI::App& app, Arguments& arguments) {
  app.add_option(
      "--capture", arguments.captures,
      "pcap or pcapng, gzip too, `-` for standard input; several for several taps, each seeing its own "
      "node's outgoing packets");
  app.add_option("--live", arguments.live, "record this interface first, instead of --capture");
  app.add_option("--seconds", arguments.live_seconds, "how long to record with --live");
  app.add_option("--labels", arguments.labels, "what the cluster did when: CSV start_ns,end_ns,class");
  app.add_option("--nodes", arguments.nodes, "mon=10.77.0.10,osd0=10.77.0.11,...");
  app.add_option("--port", arguments.shape.port, "UDP port of the cells")->capture_default_str();
  app.add_option("--lanes", arguments.shape.lanes, "lanes of a link")->capture_default_str();
  app.add_option("--cell", arguments.shape.cell_bytes, "bytes of a cell")->capture_default_str();
  app.add_option("--line-rate", arguments.line_rate,
                 "observe behind a port of this rate (10G, 2.5G, 100M), or the stamps as they are (raw)")
      ->capture_default_str();
  app.add_option("--classes", arguments.classes,
                 "two classes to tell apart; default: idle against each other one")
      ->delimiter(',');
  app.add_option("--max-accuracy", arguments.max_accuracy, "the bound: balanced accuracy, 0.5 is chance")
      ->check(CLI::Range(0.501, 1.0))
      ->capture_default_str();
  app.add_option("--window", arguments.window_s, "length of a window in seconds")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--block", arguments.block_s, "longer spans are cut into blocks of so many seconds")
      ->check(CLI::Range(0.01, 86400.0))
      ->capture_default_str();
  app.add_option("--settle", arguments.settle_s, "seconds left out at the start of each span")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.add_option("--folds", arguments.attack.folds, "parts of the cross-validation")
      ->check(CLI::Range(2, 50))
      ->capture_default_str();
  app.add_option("--permutations", arguments.attack.permutations, "runs with shuffled classes")
      ->check(CLI::Range(39, 10'000))
      ->capture_default_str();
  app.add_option("--seed", arguments.attack.seed, "the same seed gives the same result")
      ->capture_default_str();
  app.add_option("--threads", arguments.attack.trees.threads, "of the training")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  app.add_option("--out", arguments.out, "folder for report.html and report.json");
  app.add_option("--schedule", arguments.schedules,
                 "what the sender had drawn, CSV link,release_ns,cells (link: mon -> osd0; in NODE=FILE the "
                 "receiver alone): how much better an attacker is that knows it; several for several nodes");
  app.add_option(
      "--export", arguments.export_to,
      "file for all windows as CSV, for other tools: window, start_ns, end_ns, class, block, every "
      "feature, and of each link the gaps (ns) and the cells of its releases");
  app.add_flag("--json", arguments.print_json, "print JSON instead of the summary");
  app.add_flag("--quiet", arguments.quiet, "show no progress");
  app.add_flag("--self-test", arguments.self_test,
               "audit made-up captures with planted leaks, and a clean one");
  app.footer(
      "Example:\n  cuttle audit --capture egress.pcap --labels spans.csv --nodes "
      "mon=10.77.0.10,osd0=10.77.0.11 \\\n"
      "    --line-rate 10G --out audit\n"
      "Exit status: 0 the leak is within the bound, 1 it is not, 2 it could not be judged or the input is "
      "bad.");
}

}  // namespace

void add_audit_options(CLI::App& app, std::function<void(AuditAction)> choose) {
  auto arguments = std::make_shared<Arguments>();
  add_options(app, *arguments);
  app.callback([arguments, choose = std::move(choose)] { choose([arguments] { return run(*arguments); }); });
}

void add_audit_command(CLI::App& app, std::function<void(AuditAction)> choose) {
  CLI::App* audit = app.add_subcommand("audit", "What can an observer tell from a capture?");
  add_audit_options(*audit, std::move(choose));
}

void add_audit_command(CLI::App& app, int& status) {
  add_audit_command(app, [&status](const AuditAction& action) { status = action(); });
}

}  // namespace cuttle::audit
