#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "audit/output.hh"
#include "audit/statistics.hh"
#include "base/format.hh"
#include "report/page.hh"

namespace cuttle::audit {

namespace {

using report::Chart;
using report::Colour;
using report::Mark;
using report::Page;
using report::Row;
using report::RowChart;
using report::Scale;
using report::Series;
using report::Table;

constexpr size_t kHistogramBins = 24;

report::Verdict colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::within_bound:
      return report::Verdict::good;
    case Verdict::leaks:
      return report::Verdict::bad;
    case Verdict::not_judged:
      break;
  }
  return report::Verdict::open;
}

Row accuracy_row(const ModelResult& model, Colour colour) {
  const Score& score = model.score;
  return {model.name,
          score.accuracy,
          score.accuracy_95.low,
          score.accuracy_95.high,
          colour,
          fmt::format("{:.3f}", score.accuracy)};
}

RowChart accuracy_chart(const PairResult& pair, double bound) {
  RowChart chart;
  chart.title = "How well the attackers guess";
  chart.caption =
      "Balanced accuracy on blocks of time they never saw, with 95 % intervals; over all links, and trees on "
      "each "
      "link alone. 0.5 is guessing.";
  chart.value = {"balanced accuracy", Scale::linear, 0.4, 1.0};
  for (const ModelResult& one : pair.attackers) chart.rows.push_back(accuracy_row(one, Colour::orange));
  for (const ModelResult& link : pair.each_link) chart.rows.push_back(accuracy_row(link, Colour::blue));
  chart.references = {{0.5, ""}, {bound, fmt::format("bound {:.2f}", bound)}};
  return chart;
}

RowChart feature_chart(const PairResult& pair) {
  RowChart chart;
  chart.title = "What gave most away";
  chart.caption = "Share of what the models over all links gained from each feature.";
  chart.value = {"share of the gain (%)", Scale::linear, 0.0, {}};
  for (const TopFeature& feature : pair.all_links.top) {
    chart.rows.push_back({feature.name, feature.share * 100, {}, {}, Colour::teal, percent(feature.share)});
  }
  return chart;
}

Series histogram(const std::string& name, Colour colour, const std::vector<double>& values, double low,
                 double high) {
  Series series{name, Mark::step, colour, {}, 0};
  std::vector<double> bins(kHistogramBins, 0);
  const double width = (high - low) / kHistogramBins;
  for (const double v : values) {
    const double place = (v - low) / width;
    bins[static_cast<size_t>(std::clamp(place, 0.0, kHistogramBins - 1.0))] += 1;
  }
  const double all = static_cast<double>(std::max<size_t>(1, values.size()));
  for (size_t i = 0; i < kHistogramBins; ++i) {
    series.points.push_back({low + width * static_cast<double>(i), bins[i] / all * 100, ""});
  }
  series.points.push_back({high, 0, ""});
  return series;
}

Chart permutation_chart(const PairResult& pair) {
  Chart chart;
  chart.title = "Against shuffled classes";
  chart.caption = fmt::format(
      "The best of all attackers on {} shufflings of the blocks' classes (p = {:.2f}); the dot is the real "
      "one, {:.3f}.",
      pair.permutation.accuracies.size(), pair.permutation.p, pair.all_links.score.accuracy);
  double low = 0.4;
  double high = 0.6;
  for (const double accuracy : pair.permutation.accuracies)
    low = std::min(low, accuracy), high = std::max(high, accuracy);
  high = std::max(high, pair.all_links.score.accuracy + 0.02);
  chart.x = {"balanced accuracy", Scale::linear, low, high};
  chart.y = {"shuffled runs (%)", Scale::linear, 0.0, {}};
  chart.series = {histogram("shuffled", Colour::grey, pair.permutation.accuracies, low, high),
                  {"real", Mark::dots, Colour::orange, {{pair.all_links.score.accuracy, 0.5, ""}}, 0}};
  return chart;
}

std::vector<Chart> strongest_charts(const PairResult& pair) {
  std::vector<double> of_class[2];
  std::vector<double> all;
  for (const PairResult::Dot& dot : pair.strongest_dots) {
    if (!std::isfinite(dot.value)) continue;
    of_class[dot.label].push_back(dot.value);
    all.push_back(dot.value);
  }
  std::sort(all.begin(), all.end());
  double low = quantile_of_sorted(all, 0.005);
  double high = quantile_of_sorted(all, 0.995);
  if (!(high > low)) high = low + 1;
  const Colour colours[2] = {Colour::blue, Colour::orange};

  Chart spread;
  spread.title = "The single feature that differs most";
  spread.caption = fmt::format("{}: alone it tells with an AUC of {:.3f} (p = {:.3f}).", pair.strongest.name,
                               std::max(pair.strongest.auc, 1 - pair.strongest.auc), pair.strongest.p);
  spread.x = {"value", Scale::linear, low, high};
  spread.y = {"windows of the class (%)", Scale::linear, 0.0, {}};
  Chart course;
  course.title = "The same over time";
  course.caption = "One dot a window.";
  course.x = {"time (s)", Scale::linear, 0.0, {}};
  course.y = {"value", Scale::linear, low, high};
  for (const int label : {0, 1}) {
    spread.series.push_back(histogram(pair.class_name[label], colours[label], of_class[label], low, high));
    Series dots{pair.class_name[label], Mark::dots, colours[label], {}, 0};
    const size_t every = pair.strongest_dots.size() / 1500 + 1;
    for (size_t i = 0; i < pair.strongest_dots.size(); i += every) {
      const PairResult::Dot& dot = pair.strongest_dots[i];
      if (dot.label == label) dots.points.push_back({dot.time_s, dot.value, ""});
    }
    course.series.push_back(std::move(dots));
  }
  return {spread, course};
}

Chart rate_chart(const AuditResult& result) {
  Chart chart;
  chart.title = "Packets a second on each link";
  chart.x = {"time (s)", Scale::linear, 0.0, {}};
  chart.y = {"packets a second", Scale::linear, {}, {}};
  constexpr Colour kColours[] = {Colour::blue,   Colour::orange, Colour::teal,
                                 Colour::violet, Colour::ochre,  Colour::grey};
  const size_t shown = std::min<size_t>(result.survey.links.size(), std::size(kColours));
  for (size_t l = 0; l < shown; ++l) {
    Series series{result.link_names[l], Mark::line, kColours[l], {}, 0};
    const auto& bins = result.survey.links[l].packets_a_bin;
    const size_t joined = bins.size() / 200 + 1;
    for (size_t at = 0; at + joined <= bins.size(); at += joined) {
      double sum = 0;
      for (size_t i = 0; i < joined; ++i) sum += bins[at + i];
      series.points.push_back({static_cast<double>(at), sum / static_cast<double>(joined), ""});
    }
    chart.series.push_back(std::move(series));
  }
  if (shown < result.survey.links.size()) chart.caption = fmt::format("The first {} links.", shown);
  return chart;
}

Table checks_table(const AuditResult& result) {
  Table table;
  table.header = {"link", "packets",  "sizes",   "not cells", "cells a slot",
                  "slot", "sessions", "missing", "repeated"};
  for (size_t l = 0; l < result.survey.links.size(); ++l) {
    const LinkSurvey& link = result.survey.links[l];
    table.rows.push_back({result.link_names[l], grouped(link.packets), grouped(link.ip_sizes.size()),
                          grouped(link.packets - link.cells), std::to_string(link.slots.cells),
                          nanoseconds_text(link.slots.period_ns), grouped(link.sequence.sessions),
                          grouped(link.sequence.missing), grouped(link.sequence.repeated)});
  }
  return table;
}

Table counts_table(const AuditResult& result) {
  Table table;
  table.caption = "Packets a slot: how often each count occurred";
  table.header = {"class", "most often", "share of slots", "other counts"};
  for (size_t c = 0; c < result.class_names.size(); ++c) {
    const auto& counts = result.train_counts[c];
    if (counts.empty()) continue;
    uint64_t all = 0;
    for (const auto& [size, slots] : counts) all += slots;
    const auto usual = std::max_element(counts.begin(), counts.end(),
                                        [](const auto& a, const auto& b) { return a.second < b.second; });
    table.rows.push_back(
        {result.class_names[c], std::to_string(usual->first),
         fmt::format("{:.4f} %", 100.0 * static_cast<double>(usual->second) / static_cast<double>(all)),
         grouped(all - usual->second)});
  }
  return table;
}

Table event_table(const PairResult& pair) {
  Table table;
  table.caption = "What should not happen, or not more often under load";
  table.header = {"event", pair.class_name[0] + ", a window", pair.class_name[1] + ", a window", "p"};
  for (const EventTest& test : pair.events) {
    table.rows.push_back({event_name(test.event), three_digits(test.per_window[0]),
                          three_digits(test.per_window[1]), fmt::format("{:.4f}", test.p)});
  }
  return table;
}

Table score_table(const AuditResult& result, const PairResult& pair) {
  Table table;
  table.header = {
      "attacker", "accuracy", "95 %", "AUC", "95 %", "bits a second, at most", "information, bits a window",
      "at most"};
  const auto add = [&](const ModelResult& model) {
    const Score& score = model.score;
    table.rows.push_back({model.name, fmt::format("{:.3f}", score.accuracy),
                          fmt::format("{:.3f} to {:.3f}", score.accuracy_95.low, score.accuracy_95.high),
                          fmt::format("{:.3f}", score.auc),
                          fmt::format("{:.3f} to {:.3f}", score.auc_95.low, score.auc_95.high),
                          fmt::format("{:.4f}", score.bits_a_window_upper / result.window_s),
                          fmt::format("{:.4f}", model.information.bits_a_window),
                          fmt::format("{:.4f}", model.information.bits_95.high)});
  };
  for (const ModelResult& one : pair.attackers) add(one);
  for (const ModelResult& one : pair.draws.attackers) add(one);
  for (const ModelResult& link : pair.each_link) add(link);
  return table;
}

Table bound_table(const PairResult& pair) {
  Table table;
  table.caption = "What no classifier exceeds, from the nearest neighbour's error, with many windows";
  table.header = {"on", "nearest neighbour", "nobody exceeds", "95 %"};
  for (const NeighbourBound& bound : pair.bounds) {
    table.rows.push_back({bound.name, fmt::format("{:.3f}", bound.nearest),
                          fmt::format("{:.3f}", bound.accuracy),
                          fmt::format("{:.3f} to {:.3f}", bound.accuracy_95.low, bound.accuracy_95.high)});
  }
  return table;
}

Table welch_table(const PairResult& pair) {
  Table table;
  table.caption =
      fmt::format("In what whole blocks differ most, of {} tests (Welch's t; p corrected for all of them)",
                  pair.welch.tests);
  table.header = {"feature", pair.class_name[0], pair.class_name[1], "t", "p"};
  for (const WelchTest& test : pair.welch.top) {
    table.rows.push_back({(test.order == 2 ? "variance of " : "") + test.name,
                          fmt::format("{:.6g}", test.mean[0]), fmt::format("{:.6g}", test.mean[1]),
                          fmt::format("{:.1f}", test.t), fmt::format("{:.2g}", test.p_corrected)});
  }
  return table;
}

Table rate_table(const PairResult& pair) {
  Table table;
  table.caption = "What anybody can count, all links together";
  table.header = {"a second", pair.class_name[0], pair.class_name[1], "apart"};
  const auto add = [&](const char* what, const double(&rates)[2], double apart) {
    table.rows.push_back({what, fmt::format("{:.2f}", rates[0]), fmt::format("{:.2f}", rates[1]),
                          fmt::format("{:+.4f} %", apart * 100)});
  };
  add("cells", pair.rates.cells_a_second, pair.rates.cells_apart());
  add("trains", pair.rates.trains_a_second, pair.rates.trains_apart());
  return table;
}

void add_pair(Page& page, const AuditResult& result, const PairResult& pair) {
  page.heading(fmt::format("{} against {}", pair.class_name[0], pair.class_name[1]));
  page.verdict(colour_of(pair.verdict), pair.reason);
  if (pair.each_link.empty()) return;
  page.paragraph(fmt::format("{} windows of {} and {} of {}, in {} and {} blocks of time.", pair.windows[0],
                             pair.class_name[0], pair.windows[1], pair.class_name[1], pair.blocks[0],
                             pair.blocks[1]));
  std::vector<RowChart> rows{accuracy_chart(pair, result.max_accuracy)};
  if (!pair.all_links.top.empty()) rows.push_back(feature_chart(pair));
  page.figures(rows);
  page.table(score_table(result, pair));
  if (!pair.draws.attackers.empty()) page.paragraph(draws_line(pair));
  std::vector<Chart> charts{permutation_chart(pair)};
  for (Chart& chart : strongest_charts(pair)) charts.push_back(std::move(chart));
  page.figures(charts);
  page.table(bound_table(pair)).table(welch_table(pair)).table(rate_table(pair)).table(event_table(pair));
}

}  // namespace

std::string result_page(const AuditResult& result) {
  Page page("What an observer can tell",
            fmt::format("Audit of {} with the labels of {}; time stamps {}.",
                        fmt::join(result.captures, ", "), result.spans_path,
                        result.line_rate.is_raw()
                            ? std::string("as captured")
                            : "as they leave a port of " + result.line_rate.to_string() + "b/s"));
  page.verdict(colour_of(result.verdict), result.reason);
  if (!result.findings.empty()) {
    std::vector<std::string> lines;
    for (const Finding& finding : result.findings) {
      lines.push_back((finding.breach ? "Breach: " : "Seen: ") + finding.text);
    }
    page.list(lines);
  }
  page.heading("Plain checks");
  page.table(checks_table(result)).table(counts_table(result));
  if (!result.survey.foreign_examples.empty()) {
    page.paragraph("Packets that are not cells, for example:").list(result.survey.foreign_examples);
  }
  page.figures(std::vector{rate_chart(result)});
  for (const PairResult& pair : result.pairs) add_pair(page, result, pair);
  page.heading("How it was judged");
  page.paragraph(
      fmt::format("Each window of {} s is described by its volume, sizes, gaps, trains, phase in the slot, "
                  "distances to the "
                  "grid that the trains' lengths imply, and the links' correlations; and kept as raw "
                  "sequences. Boosted trees, "
                  "linear models, nearest neighbours and random convolutions are trained on some blocks of "
                  "time and judged on "
                  "others; the one that tells most is the verdict. Shuffling the classes of whole blocks "
                  "shows what the best of "
                  "all attackers reaches by chance. The leak in bits a second is what one guess a window "
                  "tells, at the upper end "
                  "of its 95 % interval. A verdict within {:.3f} needs {} windows.",
                  result.window_s, result.max_accuracy, result.windows_needed));
  return page.html();
}

}  // namespace cuttle::audit
