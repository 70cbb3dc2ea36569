#include "plan/output.hh"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/format.hh"
#include "base/units.hh"
#include "report/page.hh"

namespace cuttle::plan {

namespace {

std::string wait_text(const Option& option, Duration wait) {
  return option.replay.keeps_up ? format_duration(wait) : "grows";
}

std::string held_back_text(const Replay& replay) {
  const auto packets = static_cast<double>(std::max<uint64_t>(replay.packets, 1));
  return percent(static_cast<double>(replay.held_back) / packets);
}

std::string note_on(const Planned& planned, size_t i) {
  const bool is_recommended = planned.advice.recommended == i;
  if (is_carried(planned.advice.options[i], planned.advice.costs)) return is_recommended ? "recommended" : "";
  return is_recommended ? "recommended, for a faster machine" : "too much for this machine";
}

report::Table options_table(const Planned& planned) {
  report::Table table;
  table.header = {"rate",      "added, median",   "added, p99",    "full", "used",
                  "held back", "a day, each way", "CPU, each end", ""};
  for (size_t i = 0; i < planned.advice.options.size(); ++i) {
    const Option& option = planned.advice.options[i];
    table.rows.push_back({format_rate(option.shape.rate_bps), wait_text(option, option.replay.waits.median),
                          wait_text(option, option.replay.waits.p99), percent(option.replay.saturated),
                          percent(option.replay.used), held_back_text(option.replay),
                          bytes_text(option.bytes_a_day), fmt::format("{:.2f} cores", option.cpu),
                          note_on(planned, i)});
  }
  return table;
}

std::string load_text(const LinkLoad& load) {
  return fmt::format("{}: {} on average over {:.0f} s, {} in its busiest 10 ms, {} in its busiest second",
                     load.name, format_rate(load.mean_bps()), static_cast<double>(load.seen.ns) * 1e-9,
                     format_rate(load.peak_bps(milliseconds(10))), format_rate(load.peak_bps(seconds(1))));
}

std::string verdict(const Planned& planned) {
  const std::string wish = fmt::format("an added p99 of at most {}", format_duration(planned.wanted.latency));
  if (!planned.advice.recommended) {
    return fmt::format("No rate tried gives {}: allow more with --latency, try higher --rates, or send less.",
                       wish);
  }
  const Option& best = planned.advice.options[*planned.advice.recommended];
  return fmt::format(
      "{} is the lowest rate tried with {}: slots of {}, {} cells of {} bytes each, released at an instant "
      "drawn in "
      "{} % of each. Where a queue keeps time (cuttle status), cells are handed to it another 0.25 to 2 ms "
      "ahead.",
      format_rate(best.shape.rate_bps), wish, format_duration(best.plan.period()), best.plan.cells_per_slot,
      best.shape.cell_bytes, best.shape.jitter_percent);
}

constexpr const char* kMeaning =
    "Added: from a packet's arrival at the link to the release of the cell with its last byte. Full: the "
    "share of time in which more waits than the next slot takes. Held back: packets that found the link's "
    "queue full. There TCP slows down; here they wait at their senders, and their wait counts.";

// Bytes a second in so many steps of the time.
report::Series load_series(const LinkLoad& load) {
  constexpr size_t kSteps = 300;
  std::vector<double> bytes(kSteps, 0);
  for (const Arrival& arrival : load.arrivals) {
    const auto step =
        static_cast<size_t>(static_cast<double>(arrival.at.ns) / static_cast<double>(load.span.ns) * kSteps);
    bytes[std::min(step, kSteps - 1)] += arrival.bytes;
  }
  const double step_s = static_cast<double>(load.span.ns) * 1e-9 / kSteps;
  report::Series series{
      .name = "load", .mark = report::Mark::step, .colour = report::Colour::blue, .points = {}};
  for (size_t i = 0; i < kSteps; ++i) {
    series.points.push_back({static_cast<double>(i) * step_s, bytes[i] * 8 / 1e6 / step_s, ""});
  }
  return series;
}

report::Chart load_chart(const Planned& planned) {
  report::Chart chart;
  chart.title = "What comes to the link";
  chart.caption = "The dashed line is the recommended rate: what it sends, always, whatever comes.";
  chart.x.label = "time (s)";
  chart.y.label = "load (Mb/s)";
  chart.series.push_back(load_series(planned.load));
  if (planned.advice.recommended) {
    const uint64_t rate = planned.advice.options[*planned.advice.recommended].shape.rate_bps;
    chart.references.push_back({static_cast<double>(rate) / 1e6, format_rate(rate)});
  }
  return chart;
}

report::Chart waits_chart(const Planned& planned) {
  report::Chart chart;
  chart.title = "What each rate adds";
  chart.caption = "Dashed: the latency wanted. Rates that never keep up are left out.";
  chart.x = {.label = "rate (Mb/s)", .scale = report::Scale::logarithmic, .low = {}, .high = {}};
  chart.y = {.label = "added latency (ms)", .scale = report::Scale::logarithmic, .low = {}, .high = {}};
  report::Series median{
      .name = "median", .mark = report::Mark::line, .colour = report::Colour::teal, .points = {}};
  report::Series p99{
      .name = "p99", .mark = report::Mark::line, .colour = report::Colour::orange, .points = {}};
  for (const Option& option : planned.advice.options) {
    if (!option.replay.keeps_up) continue;
    const double rate = static_cast<double>(option.shape.rate_bps) / 1e6;
    median.points.push_back({rate, static_cast<double>(option.replay.waits.median.ns) / 1e6, ""});
    p99.points.push_back({rate, static_cast<double>(option.replay.waits.p99.ns) / 1e6, ""});
  }
  chart.series = {median, p99};
  const double wanted = static_cast<double>(planned.wanted.latency.ns) / 1e6;
  chart.references.push_back({wanted, format_duration(planned.wanted.latency) + " wanted"});
  return chart;
}

report::Chart calendar_chart(const Comparison& comparison) {
  report::Chart chart;
  chart.title = "A rate for each hour";
  chart.caption =
      "The load's busiest step of each hour, and what the proposed calendar sends in it, whatever comes.";
  chart.x.label = "time (h)";
  chart.y.label = "Mb/s";
  const auto series = [](const char* name, report::Colour colour, const auto& points) {
    report::Series made{.name = name, .mark = report::Mark::step, .colour = colour, .points = {}};
    for (const auto& [hour, bps] : points) made.points.push_back({hour, bps / 1e6, ""});
    return made;
  };
  chart.series = {series("load", report::Colour::blue, comparison.load_bps),
                  series("calendar", report::Colour::orange, comparison.calendar_bps)};
  return chart;
}

report::RowChart ways_chart(const Comparison& comparison) {
  report::RowChart chart;
  chart.title = "What each way sends";
  chart.value.label = "GB a day";
  for (const Way& way : comparison.ways) {
    report::Row row;
    row.label = way.name;
    row.value = way.bytes_a_day * 1e-9;
    chart.rows.push_back(row);
  }
  return chart;
}

}  // namespace

std::string to_string(const Planned& planned) {
  std::string text = load_text(planned.load) + "\n";
  if (!planned.load.note.empty()) text += "  " + planned.load.note + "\n";
  text += "\n" + report::text_table(options_table(planned)) + "\n" + verdict(planned) + "\n";
  if (planned.comparison) text += "\n" + to_string(*planned.comparison) + "\n";
  return text + "CPU: of cover alone, on a machine like this one, where " + to_string(planned.advice.costs) +
         ".\n";
}

std::string to_json(const Planned& planned) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["load"] = {{"name", planned.load.name},
                  {"packets", planned.load.arrivals.size()},
                  {"mean_bps", planned.load.mean_bps()},
                  {"peak_10ms_bps", planned.load.peak_bps(milliseconds(10))},
                  {"note", planned.load.note}};
  json["wanted_p99_ns"] = planned.wanted.latency.ns;
  json["options"] = Json::array();
  for (const Option& option : planned.advice.options) {
    json["options"].push_back({{"rate_bps", option.shape.rate_bps},
                               {"slot_ns", option.plan.period().ns},
                               {"cells_per_slot", option.plan.cells_per_slot},
                               {"cell_bytes", option.shape.cell_bytes},
                               {"added_median_ns", option.replay.waits.median.ns},
                               {"added_p99_ns", option.replay.waits.p99.ns},
                               {"added_most_ns", option.replay.waits.max.ns},
                               {"saturated", option.replay.saturated},
                               {"used", option.replay.used},
                               {"keeps_up", option.replay.keeps_up},
                               {"packets", option.replay.packets},
                               {"held_back", option.replay.held_back},
                               {"bytes_a_day", option.bytes_a_day},
                               {"cpu_cores", option.cpu},
                               {"cpu_cores_full", option.cpu_full}});
  }
  json["recommended_rate_bps"] =
      planned.advice.recommended ? Json(planned.advice.options[*planned.advice.recommended].shape.rate_bps)
                                 : Json(nullptr);
  if (planned.comparison) {
    json["ways"] = Json::array();
    for (const Way& way : planned.comparison->ways) {
      json["ways"].push_back(
          {{"name", way.name},
           {"bytes_a_day", way.bytes_a_day},
           {"added_p99_s", way.added_p99_s},
           {"bits_a_day", way.bits_a_day},
           {"price_a_day", way.bytes_a_day * 1e-9 * planned.comparison->wanted.price_per_gb},
           {"note", way.note}});
    }
    json["calendar"] = to_toml(planned.comparison->calendar);
  }
  return json.dump(2) + "\n";
}

std::string to_page(const Planned& planned) {
  report::Page page("Which rate for this link?", load_text(planned.load) + ".");
  page.verdict(planned.advice.recommended ? report::Verdict::good : report::Verdict::bad, verdict(planned),
               planned.advice.recommended ? "Recommended." : "None is good enough.");
  if (!planned.load.note.empty()) page.paragraph(planned.load.note + ".");
  page.figures(std::vector<report::Chart>{load_chart(planned), waits_chart(planned)});
  if (planned.comparison) {
    page.heading("Other ways to the same cover");
    page.figures(std::vector<report::Chart>{calendar_chart(*planned.comparison)});
    page.figures(std::vector<report::RowChart>{ways_chart(*planned.comparison)});
    page.table(ways_table(*planned.comparison));
  }
  page.heading("The rates tried");
  page.table(options_table(planned));
  page.paragraph(kMeaning);
  page.paragraph(
      "An observer sees the rate. Let it follow from where the link is and what its peers are, not from one "
      "day's load alone.");
  return page.html();
}

}  // namespace cuttle::plan
