#include "trace/trace_page.hh"

#include <fmt/format.h>

#include "base/format.hh"
#include "report/page.hh"
#include "trace/timeline.hh"
#include "trace/tree.hh"

namespace cuttle::trace {

namespace {

std::string milliseconds_text(int64_t ns) {
  return fmt::format("{:.3f}", static_cast<double>(ns) * 1e-6);
}

std::string length(const std::optional<int64_t>& ns) {
  return ns ? nanoseconds_text(static_cast<double>(*ns)) : "";
}

bool is_shaped(const Trace& trace) {
  for (const Step& step : trace.steps) {
    if (!step.link.empty()) return true;
  }
  return false;
}

report::Table step_table(const Trace& trace, Section section) {
  report::Table table;
  table.caption = section_title(section);
  table.header = {"at (ms)", "took", "where", "step", "what for", "seen by"};
  table.all_text = true;
  for (const Step& step : trace.steps) {
    if (step.section != section) continue;
    std::string title = step.title;
    if (!step.detail.empty()) title += " (" + step.detail + ")";
    if (!step.link.empty()) title += ", link " + step.link;
    const std::string about = step.uncertainty_ns > 10'000 ? "about " : "";
    table.rows.push_back({about + milliseconds_text(step.at_ns - trace.begin_ns), length(step.duration_ns),
                          step.node + ", " + step.component, title, step.purpose,
                          step.evidence.substr(0, 90)});
  }
  return table;
}

report::Table link_table(const Trace& trace) {
  report::Table table;
  table.header = {"link", "slot", "cells a slot", "cells sent", "with data", "data received"};
  table.caption = "The shaped links during the operation, as their agents count";
  for (const LinkUse& link : trace.links) {
    table.rows.push_back({link.agent + " to " + link.name,
                          nanoseconds_text(static_cast<double>(link.slot_ns)), grouped(link.cells_per_slot),
                          grouped(link.cells_sent), grouped(link.data_cells_sent),
                          grouped(link.data_cells_received)});
  }
  return table;
}

const Step* first_of(const Trace& trace, const std::string& id) {
  for (const Step& step : trace.steps) {
    if (step.id == id) return &step;
  }
  return nullptr;
}

std::string spread(const std::optional<Distribution>& distribution, bool p99) {
  if (!distribution) return "–";
  return nanoseconds_text(static_cast<double>(p99 ? distribution->p99_ns : distribution->median_ns));
}

}  // namespace

std::string trace_page(const Trace& trace) {
  report::Page page(fmt::format("The path of a {}", trace.operation == "put" ? "write" : "read"),
                    headline(trace));
  if (trace.ok()) {
    page.paragraph(fmt::format("{} distinct steps in {}; by the client's own steady clock {}.",
                               distinct_steps(trace), nanoseconds_text(static_cast<double>(trace.total_ns())),
                               nanoseconds_text(static_cast<double>(trace.elapsed_ns))));
  } else {
    page.verdict(report::Verdict::bad, fmt::format("{} failed: {}. Last step that was seen: {}.",
                                                   trace.failed_call, trace.error, trace.failed_step));
  }
  const char* shaped = is_shaped(trace) ? " What crossed a shaped link is orange." : " No link was shaped.";
  page.heading("Timeline");
  page.drawing(timeline(trace, trace.begin_ns, trace.end_ns, "From the configuration file to the end",
                        std::string("Each bar is a step; point at it for its name.") + shaped));
  if (const Step* operate = first_of(trace, "operate.call")) {
    page.drawing(timeline(trace, operate->at_ns, trace.end_ns, "The operation alone",
                          std::string("The same, from the call on.") + shaped));
  }
  if (!trace.links.empty()) page.table(link_table(trace));
  if (!trace.notices.empty()) page.heading("Notes").list(trace.notices);
  page.heading("Steps");
  for (const Section section :
       {Section::configure, Section::bootstrap, Section::connect, Section::pool, Section::operate}) {
    const report::Table table = step_table(trace, section);
    if (!table.rows.empty()) page.table(table);
  }
  return page.html();
}

std::string comparison_page(const Comparison& comparison) {
  report::Page page("Plain and shaped, step by step", comparison.lead);
  page.list(comparison.summary);
  report::RowChart chart;
  chart.title = "What shaping adds to each step";
  chart.caption = "Medians, shaped less plain; only steps that crossed a link.";
  chart.value.label = "microseconds";
  report::Table table;
  table.header = {"step", "plain median", "plain p99", "shaped median", "shaped p99", "added"};
  table.caption = "Every step, by its place in the path";
  for (const StepComparison& step : comparison.steps) {
    std::string added;
    if (step.plain && step.shaped) {
      const int64_t more = step.shaped->median_ns - step.plain->median_ns;
      added = nanoseconds_text(static_cast<double>(more));
      if (step.crossings > 0 && more > 0) {
        chart.rows.push_back(
            {step.title, static_cast<double>(more) * 1e-3, {}, {}, report::Colour::orange, added});
      }
    }
    table.rows.push_back({step.lane + ": " + step.title, spread(step.plain, false), spread(step.plain, true),
                          spread(step.shaped, false), spread(step.shaped, true), added});
  }
  if (!chart.rows.empty()) page.figures(std::vector<report::RowChart>{chart});
  page.heading("Steps").table(table);
  return page.html();
}

}  // namespace cuttle::trace
