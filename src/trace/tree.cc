#include "trace/tree.hh"

#include <fmt/format.h>

#include <set>

#include "base/format.hh"
#include "base/printable.hh"

namespace cuttle::trace {

namespace {

// A step that may be this much later than shown is marked.
constexpr int64_t kWorthMarking = 10'000;
constexpr size_t kTitleWidth = 62;

class Painter {
 public:
  explicit Painter(bool colour) : colour_(colour) {}
  std::string bold(const std::string& text) const { return paint("1", text); }
  std::string dim(const std::string& text) const { return paint("2", text); }
  std::string shaped(const std::string& text) const { return paint("33", text); }
  std::string bad(const std::string& text) const { return paint("31", text); }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  }
  bool colour_;
};

// How deep a lane hangs: what the client waits for stands below it.
int depth_of(const std::string& lane) {
  if (lane == kClientLane) return 0;
  return lane == kReplicaLane ? 2 : 1;
}

// Like fmt's padding, by characters instead of bytes.
std::string padded(const std::string& text, size_t width) {
  size_t shown = 0;
  for (const char byte : text) shown += (static_cast<unsigned char>(byte) & 0xC0) != 0x80 ? 1 : 0;
  return shown < width ? text + std::string(width - shown, ' ') : text;
}

std::string took(const Step& step) {
  if (!step.duration_ns) return "";
  return nanoseconds_text(static_cast<double>(*step.duration_ns));
}

std::string line(const Step& step, int64_t begin_ns, bool last, const TreeOptions& options,
                 const Painter& paint) {
  const double at_ms = static_cast<double>(step.at_ns - begin_ns) * 1e-6;
  const std::string at = fmt::format("{}{:9.3f}", step.uncertainty_ns > kWorthMarking ? "~" : " ", at_ms);
  std::string branch;
  for (int i = 0; i < depth_of(step.lane); ++i) branch += "│  ";
  branch += last ? "└─ " : "├─ ";
  const std::string who =
      printable(step.lane == kClientLane ? step.component : fmt::format("{} {}", step.node, step.component));
  std::string what = branch + (step.lane == kWireLane      ? "→ " + step.title
                               : step.lane == kMonitorLane ? "monitor: " + step.title
                                                           : who + ": " + step.title);
  if (!step.detail.empty()) what += fmt::format(" ({})", printable(step.detail.substr(0, 48)));
  if (!step.link.empty()) what += fmt::format(" [link {}]", printable(step.link));
  const std::string shown = padded(what, kTitleWidth);
  std::string out =
      fmt::format("{} {:>9}  {}", at, took(step), step.link.empty() ? shown : paint.shaped(shown));
  if (options.purposes) out += "  " + paint.dim(step.purpose);
  return out + "\n";
}

int64_t section_length(const Trace& trace, Section section) {
  // To where the next section begins, or the end.
  int64_t begin = 0;
  int64_t end = trace.end_ns;
  for (const Step& step : trace.steps) {
    if (begin == 0 && step.section == section) begin = step.at_ns;
    if (begin != 0 && step.section > section && step.lane == kClientLane) {
      end = step.at_ns;
      break;
    }
  }
  return begin == 0 ? 0 : end - begin;
}

}  // namespace

std::string headline(const Trace& trace) {
  std::string out =
      fmt::format("{} of {} bytes {} {}/{}", trace.operation == "put" ? "write" : "read", trace.bytes,
                  trace.operation == "put" ? "to" : "from", trace.pool, trace.object);
  if (!trace.client.empty()) out += " by " + trace.client;
  if (!trace.ceph_version.empty()) out += ", Ceph " + trace.ceph_version;
  return printable(out);
}

size_t distinct_steps(const Trace& trace) {
  std::set<std::string> ids;
  for (const Step& step : trace.steps) ids.insert(step.id);
  return ids.size();
}

std::string tree(const Trace& trace, const TreeOptions& options) {
  const Painter paint(options.colour);
  std::string out = paint.bold(headline(trace)) + "\n\n" + paint.dim("    at ms      took  step") + "\n";
  for (const Section section :
       {Section::configure, Section::bootstrap, Section::connect, Section::pool, Section::operate}) {
    const Step* last = nullptr;
    for (const Step& step : trace.steps) {
      if (step.section == section) last = &step;
    }
    if (last == nullptr) continue;
    out += fmt::format("{:>10} {:>9}  {}\n", "",
                       nanoseconds_text(static_cast<double>(section_length(trace, section))),
                       paint.bold(section_title(section)));
    for (const Step& step : trace.steps) {
      if (step.section == section) out += line(step, trace.begin_ns, &step == last, options, paint);
    }
  }
  out += fmt::format("\n{} distinct steps, {} in all; the client's own clock: {}\n", distinct_steps(trace),
                     nanoseconds_text(static_cast<double>(trace.total_ns())),
                     trace.elapsed_ns == 0 ? "it did not get to its end"
                                           : nanoseconds_text(static_cast<double>(trace.elapsed_ns)));
  for (const LinkUse& link : trace.links) {
    out += fmt::format(
        "link {} of {}: {} cells a slot of {}; meanwhile {} cells sent, {} with data, {} with data "
        "received\n",
        printable(link.name), printable(link.agent), link.cells_per_slot,
        nanoseconds_text(static_cast<double>(link.slot_ns)), link.cells_sent, link.data_cells_sent,
        link.data_cells_received);
  }
  for (const std::string& notice : trace.notices) out += "note: " + printable(notice) + "\n";
  if (!trace.ok()) {
    out += paint.bad(fmt::format("FAILED in {}: {}", trace.failed_call, printable(trace.error))) + "\n" +
           fmt::format("The last step that was seen: {}\n", printable(trace.failed_step));
  }
  return out;
}

}  // namespace cuttle::trace
