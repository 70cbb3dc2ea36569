#include "trace/command.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/complain.hh"
#include "control/client.hh"
#include "report/page.hh"
#include "trace/assemble.hh"
#include "trace/compare.hh"
#include "trace/gather.hh"
#include "trace/observation_files.hh"
#include "trace/step_table.hh"
#include "trace/trace_json.hh"
#include "trace/trace_page.hh"
#include "trace/tree.hh"

namespace cuttle::trace {

namespace {

struct TraceOptions {
  GatherOptions gather;
  int count = 1;
  bool json = false;
  bool brief = false;
  bool leave_osds = false;
  bool no_agents = false;
  std::string html;
};

struct CompareOptions {
  std::vector<std::string> files;
  TraceOptions common;
  std::string plain_conf;
  std::string shaped_conf;
  bool json = false;
  std::string html;
};

int write_page(const std::string& path, const std::string& html) {
  if (path.empty()) return kDone;
  const auto written = report::write_file(path, html);
  if (written) return kDone;
  return complain(written.error().message);
}

bool prepare(TraceOptions& options) {
  auto program = find_client_program();
  if (!program) {
    complain(program.error().message);
    return false;
  }
  options.gather.client.program = *program;
  options.gather.widen_histories = !options.leave_osds;
  if (options.gather.agent_sockets.empty() && !options.no_agents) {
    options.gather.agent_sockets = find_control_sockets(std::string(kControlFolder));
  }
  return true;
}

int print_traces(const std::vector<Trace>& traces, bool json, bool brief, const std::string& html) {
  if (json) {
    fmt::print("{}\n", to_json(traces));
  } else {
    const TreeOptions look{isatty(STDOUT_FILENO) == 1, !brief};
    for (const Trace& trace : traces) fmt::print("{}\n", tree(trace, look));
  }
  const int written = write_page(html, trace_page(traces.back()));
  if (written != kDone) return written;
  return traces.back().ok() ? kDone : kFailed;
}

int run_trace(TraceOptions& options) {
  if (!prepare(options)) return kBadInput;
  const auto traces = gather(options.gather, options.count);
  if (!traces) return complain(traces.error().message);
  return print_traces(*traces, options.json, options.brief, options.html);
}

Result<std::vector<Trace>> measured(const TraceOptions& common, const std::string& configuration) {
  GatherOptions options = common.gather;
  options.client.configuration = configuration;
  auto traces = gather(options, common.count);
  if (traces && !traces->back().ok()) {
    return failure(
        fmt::format("{}: {}: {}", configuration, traces->back().failed_call, traces->back().error));
  }
  return traces;
}

int run_compare(CompareOptions& options) {
  const bool measure = !options.plain_conf.empty() && !options.shaped_conf.empty();
  if (measure == (options.files.size() == 2))
    return complain(
        "say what to compare: two files that `cuttle trace put ... --json` printed, plain and shaped, or "
        "--plain-conf and --shaped-conf with --pool, --object and --file");
  if (measure && !prepare(options.common)) return kBadInput;
  auto plain = measure ? measured(options.common, options.plain_conf) : traces_from_file(options.files[0]);
  if (!plain) return complain(plain.error().message, measure ? kFailed : kBadInput);
  auto shaped = measure ? measured(options.common, options.shaped_conf) : traces_from_file(options.files[1]);
  if (!shaped) return complain(shaped.error().message, measure ? kFailed : kBadInput);
  const auto comparison = compare(*plain, *shaped);
  if (!comparison) return complain(comparison.error().message, kFailed);
  fmt::print("{}\n", options.json ? to_json(*comparison) : to_string(*comparison));
  return write_page(options.html, comparison_page(*comparison));
}

struct ShowOptions {
  std::string folder;
  bool json = false;
  bool brief = false;
  std::string html;
};

int run_show(const ShowOptions& options) {
  const auto observation = load_observation(options.folder);
  if (!observation) return complain(observation.error().message);
  return print_traces({assemble(*observation)}, options.json, options.brief, options.html);
}

int print_steps() {
  for (const auto& rules : {connect_rules(), operate_rules()}) {
    for (const Rule& rule : rules) {
      fmt::print("{:<26} {}{}\n{:<26} log: {}\n", rule.id, rule.title,
                 rule.first_release > 16 ? fmt::format(" (from Ceph {} on)", rule.first_release) : "", "",
                 rule.pattern);
    }
  }
  for (const EventRule& rule : event_rules()) {
    fmt::print("{:<26} {}\n{:<26} dump_historic_ops: {}\n", rule.id, rule.title, "", rule.event);
  }
  for (const HopRule& rule : hop_rules()) {
    fmt::print("{:<26} {}\n{:<26} from {} to {}\n", rule.id, rule.title, "", rule.from, rule.to);
  }
  return kDone;
}

void add_client_options(CLI::App* command, TraceOptions& options) {
  command->add_option("-n,--name", options.gather.client.name, "Who asks, as Ceph names it")
      ->capture_default_str()
      ->type_name("NAME");
  command->add_option("--timeout", options.gather.client.timeout_s, "Seconds until it is given up")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 3600.0));
  command->add_option("--count", options.count, "How often, each time with a new client")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command
      ->add_option(
          "--agent", options.gather.agent_sockets,
          "Control socket of an agent whose links count (may be repeated; default: those in /run/cuttle)")
      ->allow_extra_args(false)
      ->type_name("SOCKET");
  command->add_flag("--no-agents", options.no_agents, "Ask no agent");
  command->add_flag(
      "--leave-osds", options.leave_osds,
      "Do not widen the OSDs' histories meanwhile (osd_op_history_size, in memory): a fast operation may "
      "then be missing from them");
}

void add_operation(CLI::App* trace, const char* word, const char* help, int& status) {
  auto options = std::make_shared<TraceOptions>();
  options->gather.wanted.put = std::string(word) == "put";
  CLI::App* command = trace->add_subcommand(word, help);
  command->add_option("POOL", options->gather.wanted.pool, "The pool's name")->required();
  command->add_option("OBJECT", options->gather.wanted.object, "The object's name")->required();
  command
      ->add_option("FILE", options->gather.wanted.file,
                   options->gather.wanted.put ? "What to write" : "Where to put it")
      ->required();
  command->add_option("-c,--conf", options->gather.client.configuration, "Ceph's configuration file")
      ->type_name("PATH");
  add_client_options(command, *options);
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--brief", options->brief, "Leave out what each step is for");
  command->add_option("--html", options->html, "Also write a page with a timeline")->type_name("PATH");
  command
      ->add_option("--keep", options->gather.keep,
                   "Also keep what was gathered: the log without keys, the histories")
      ->type_name("FOLDER")
      ->check(CLI::ExistingDirectory);
  command->callback([options, &status] { status = run_trace(*options); });
}

void add_show(CLI::App* trace, int& status) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* command = trace->add_subcommand("show", "Show again what --keep kept");
  command->add_option("FOLDER", options->folder, "The folder")->required();
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--brief", options->brief, "Leave out what each step is for");
  command->add_option("--html", options->html, "Also write a page with a timeline")->type_name("PATH");
  command->callback([options, &status] { status = run_show(*options); });
}

void add_compare(CLI::App* trace, int& status) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command =
      trace->add_subcommand("compare", "Plain and shaped operations side by side, step by step");
  command->add_option("FILES", options->files, "What `put --json` printed: plain, then shaped")
      ->expected(0, 2);
  command->add_option("--plain-conf", options->plain_conf,
                      "Ceph's configuration of the plain cluster: measure now");
  command->add_option("--shaped-conf", options->shaped_conf, "The same of the shaped one");
  command->add_option("--pool", options->common.gather.wanted.pool, "With --plain-conf");
  command->add_option("--object", options->common.gather.wanted.object, "With --plain-conf");
  command->add_option("--file", options->common.gather.wanted.file, "With --plain-conf: what to write");
  options->common.count = 20;
  add_client_options(command, options->common);
  command->add_flag("--json", options->json, "Print JSON");
  command->add_option("--html", options->html, "Also write a page")->type_name("PATH");
  command->callback([options, &status] { status = run_compare(*options); });
}

}  // namespace

void add_trace_words(CLI::App& app, int& status) {
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  cuttle trace put rbd greeting hello.txt --html write.html\n"
      "  cuttle trace put rbd greeting hello.txt --count 50 --json > shaped.json\n"
      "  cuttle trace compare plain.json shaped.json");
  add_operation(&app, "put", "Write FILE as an object and show every step of it", status);
  add_operation(&app, "get", "Read an object into FILE and show every step of it", status);
  add_compare(&app, status);
  add_show(&app, status);
  app.add_subcommand("steps", "Print what each step is recognised by")->callback([&status] {
    status = print_steps();
  });
}

void add_trace_command(CLI::App& app, int& status) {
  add_trace_words(*app.add_subcommand("trace", "Follow a Ceph write or read step by step, plain and shaped"),
                  status);
}

}  // namespace cuttle::trace
