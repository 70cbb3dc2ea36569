#include "trace/assemble.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "base/os_error.hh"
#include "trace/history.hh"
#include "trace/spans.hh"

namespace cuttle::trace {

namespace {

const CallRecord& call_of(const Observation& observation, Call call) {
  return observation.calls[static_cast<size_t>(call)];
}

SectionTimes section_times(const Observation& observation) {
  return {call_of(observation, Call::create).begin_ns, call_of(observation, Call::connect).begin_ns,
          call_of(observation, Call::open_pool).begin_ns, call_of(observation, Call::operate).begin_ns};
}

struct CallStep {
  Call call;
  bool at_end;
  Section section;
  const char* id;
  const char* title;
  const char* purpose;
};

constexpr CallStep kCallSteps[] = {
    {Call::create, false, Section::configure, "configure.create", "rados object created",
     "a context with Ceph's compiled-in options; nothing is opened yet"},
    {Call::configure, false, Section::configure, "configure.read", "configuration file read",
     "monitor addresses, the keyring's place, options; the trace sets its log levels here, for this process "
     "only"},
    {Call::connect, false, Section::bootstrap, "bootstrap.call", "rados_connect entered",
     "returns when the client is authenticated and has asked for its maps"},
    {Call::open_pool, false, Section::pool, "pool.call", "rados_ioctx_create entered",
     "a handle for one pool"},
    {Call::operate, false, Section::operate, "operate.call", "the operation entered",
     "the caller's thread is the one that computes the target"},
    {Call::operate, true, Section::operate, "operate.return", "the operation returned",
     "for a write: every replica has it on disk"},
};

void add_calls(const Observation& observation, Trace& trace) {
  for (const CallStep& entry : kCallSteps) {
    const CallRecord& record = call_of(observation, entry.call);
    const std::optional<int64_t> at = entry.at_end ? record.end_ns : record.begin_ns;
    if (!at) continue;
    Step step;
    step.id = entry.id;
    step.section = entry.section;
    step.lane = kClientLane;
    step.node = "client";
    step.component = "librados";
    step.title = entry.title;
    step.purpose = entry.purpose;
    step.source = Source::call;
    step.at_ns = *at;
    step.evidence =
        fmt::format("{} {}", call_name(entry.call, observation.put), entry.at_end ? "returned" : "called");
    if (entry.at_end) step.detail = fmt::format("status {}", record.result);
    trace.steps.push_back(std::move(step));
  }
  for (size_t i = 0; i < kCalls; ++i) {
    const CallRecord& record = observation.calls[i];
    if (!record.begin_ns) continue;
    trace.calls.push_back(
        {call_name(static_cast<Call>(i), observation.put), *record.begin_ns, record.end_ns, record.result});
  }
}

// librados takes it from the reply without a line in the log; rados_get_last_version shows it.
void add_version(const Observation& observation, Trace& trace) {
  if (!observation.version) return;
  Step step;
  step.id = "operate.version";
  step.section = Section::operate;
  step.lane = kClientLane;
  step.node = "client";
  step.component = "librados";
  step.title = "version synced";
  step.purpose =
      "the object's version of the reply is kept in the handle, for assertions on later operations";
  step.source = Source::call;
  step.at_ns = observation.version_ns;
  step.detail = fmt::format("version {}", *observation.version);
  step.evidence = "rados_get_last_version";
  trace.steps.push_back(std::move(step));
}

void add_histories(const Observation& observation, const Recognised& recognised, Trace& trace) {
  if (recognised.request.empty()) return;
  std::vector<int> not_heard = recognised.acting;
  for (const OsdHistory& history : observation.histories) {
    const bool primary = !recognised.acting.empty() && history.osd == recognised.acting.front();
    const auto steps =
        historic_steps(history.json, recognised.request, history.osd, primary, observation.put);
    if (!steps) {
      trace.notices.push_back(steps.error().message);
      continue;
    }
    if (!steps->empty()) std::erase(not_heard, history.osd);
    trace.steps.insert(trace.steps.end(), steps->begin(), steps->end());
  }
  for (size_t i = 0; i < not_heard.size(); ++i) {
    const bool primary = not_heard[i] == recognised.acting.front();
    if (!primary && !observation.put) continue;  // replicas have no part in a read
    trace.notices.push_back(
        trace.ok()
            ? fmt::format(
                  "osd.{}: {} is not in its history, so its steps are missing (an OSD keeps the "
                  "slowest osd_op_history_size operations of the last osd_op_history_duration seconds)",
                  not_heard[i], recognised.request)
            : fmt::format("osd.{} knows nothing of {}: it did not answer, or the operation did not get there",
                          not_heard[i], recognised.request));
  }
}

// The number in front of the first dot of "16.2.15".
int release_of(const std::string& version) {
  return std::atoi(version.c_str());
}

bool section_complete(const Observation& observation, Section section) {
  const Call call = section == Section::configure ? Call::configure
                    : section == Section::pool    ? Call::open_pool
                    : section == Section::operate ? Call::operate
                                                  : Call::connect;
  const CallRecord& record = call_of(observation, call);
  return record.end_ns && record.result >= 0;
}

void add_missing(const Observation& observation, const Recognised& recognised, Trace& trace) {
  const int release = release_of(observation.ceph_version);
  size_t beyond = 0;
  std::string first_beyond;
  for (const Rule* rule : recognised.missing) {
    if (rule->presence == Presence::sometimes || (release != 0 && release < rule->first_release)) continue;
    if (section_complete(observation, rule->section) && trace.ok()) {
      trace.notices.push_back(fmt::format("not observed: {} ({}); no line like «{}»", rule->title,
                                          rule->component, rule->pattern));
      continue;
    }
    if (beyond++ == 0) first_beyond = rule->title;
  }
  if (beyond > 0) {
    trace.notices.push_back(
        fmt::format("{} further steps of the client were not reached, from «{}» on", beyond, first_beyond));
  }
  if (release != 0 && (release < 16 || release > 18)) {
    trace.notices.push_back(fmt::format(
        "the monitor runs Ceph {}; steps are recognised by what 16 and 18 log", observation.ceph_version));
  }
}

std::string error_text(int64_t status) {
  const int number = static_cast<int>(-status);
  return fmt::format("{} ({})", os_error_text(number), number);
}

void judge(const Observation& observation, const Recognised& recognised, Trace& trace) {
  for (size_t i = 0; i < kCalls && trace.failed_call.empty(); ++i) {
    const CallRecord& record = observation.calls[i];
    if (!record.begin_ns || static_cast<Call>(i) == Call::close) continue;
    if (record.end_ns && record.result >= 0) continue;
    trace.failed_call = call_name(static_cast<Call>(i), observation.put);
    trace.error = record.end_ns
                      ? error_text(record.result)
                      : fmt::format("no answer within {:g} s; the client was ended", observation.timeout_s);
  }
  if (trace.ok() && !call_of(observation, Call::operate).end_ns) {
    trace.failed_call = call_name(Call::create, observation.put);
    trace.error = "the client ended before it made a call";
  }
  if (trace.ok()) return;
  if (!recognised.failures.empty()) trace.error += "; " + recognised.failures.front();
  // Errors of Ceph itself have level -1 or 0; the first one is nearest to the cause.
  for (const LogLine& line : observation.lines) {
    if (line.level > 0 || trace.error.find(quotable(line.text)) != std::string::npos) continue;
    trace.error += fmt::format("; Ceph says «{}»", quotable(line.text));
    break;
  }
}

void set_bounds(const Observation& observation, Trace& trace) {
  trace.begin_ns = call_of(observation, Call::create).begin_ns.value_or(0);
  trace.end_ns = trace.begin_ns;
  for (const CallTimes& call : trace.calls) {
    if (call.name == call_name(Call::close, observation.put)) continue;
    trace.end_ns = std::max({trace.end_ns, call.begin_ns, call.end_ns.value_or(0)});
  }
  if (!trace.ok()) {
    for (const Step& step : trace.steps) trace.end_ns = std::max(trace.end_ns, step.at_ns);
  }
  trace.elapsed_ns = observation.elapsed_ns;
  const int64_t apart = std::abs(trace.total_ns() - trace.elapsed_ns);
  if (trace.elapsed_ns > 0 && apart * 20 > trace.elapsed_ns) {
    trace.notices.push_back(
        fmt::format("the steps add up to {} us, the client's steady clock says {} us: was the "
                    "system's clock set meanwhile?",
                    trace.total_ns() / 1000, trace.elapsed_ns / 1000));
  }
}

// The temporary messenger goes in any case, and a cancelled operation is tidied up: neither is how far it
// came.
std::string last_client_step(const Trace& trace, int64_t before_ns) {
  std::string title;
  for (const Step& step : trace.steps) {
    const bool counts = step.lane == kClientLane && step.id != "operate.return" && step.id != "bootstrap.end";
    if (counts && step.at_ns < before_ns) title = step.title;
  }
  return title;
}

// Of the OSD nearest to the end of the path: what it was at.
std::string last_osd_step(const Trace& trace) {
  std::string text;
  for (const Step& step : trace.steps) {
    if (step.source != Source::history) continue;
    text = fmt::format("{}: {}", step.node, step.title);
    if (!step.detail.empty()) text += fmt::format(" ({})", step.detail);
  }
  return text;
}

}  // namespace

const char* call_name(Call call, bool put) {
  constexpr const char* kNames[] = {"rados_create2",      "rados_conf_read_file", "rados_connect",
                                    "rados_ioctx_create", "rados_write_full",     "rados_shutdown"};
  if (call == Call::operate && !put) return "rados_read";
  return kNames[static_cast<size_t>(call)];
}

Recognised recognise(const Observation& observation) {
  return recognise(exact_times(observation.lines, observation.readings), section_times(observation),
                   observation.put);
}

void sort_by_time(std::vector<Step>& steps) {
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.at_ns < b.at_ns; });
}

Trace assemble(const Observation& observation) {
  Trace trace;
  trace.operation = observation.put ? "put" : "get";
  trace.pool = observation.pool;
  trace.object = observation.object;
  trace.bytes = observation.bytes;
  trace.ceph_version = observation.ceph_version;
  trace.links = observation.links;
  trace.notices = observation.notices;

  Recognised recognised = recognise(observation);
  trace.client = recognised.client;
  judge(observation, recognised, trace);
  add_calls(observation, trace);
  trace.steps.insert(trace.steps.end(), recognised.steps.begin(), recognised.steps.end());
  add_version(observation, trace);
  add_histories(observation, recognised, trace);
  sort_by_time(trace.steps);
  add_missing(observation, recognised, trace);

  add_durations(trace.steps);
  add_waits(trace);
  add_hops(trace);
  name_links(observation, recognised, trace);
  sort_by_time(trace.steps);
  if (!trace.ok()) {
    trace.failed_step =
        last_client_step(trace, recognised.cancelled_ns.value_or(std::numeric_limits<int64_t>::max()));
    const std::string osd = last_osd_step(trace);
    if (!osd.empty()) trace.failed_step += "; " + osd;
  }
  set_bounds(observation, trace);
  return trace;
}

}  // namespace cuttle::trace
