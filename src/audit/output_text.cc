#include <fmt/format.h>

#include "audit/output.hh"
#include "base/format.hh"
#include "report/page.hh"

namespace cuttle::audit {

namespace {

report::Table link_table(const AuditResult& result) {
  report::Table table;
  table.header = {"link", "packets", "sizes", "cells a slot", "slot", "not cells", "missing numbers"};
  for (size_t l = 0; l < result.survey.links.size(); ++l) {
    const LinkSurvey& link = result.survey.links[l];
    table.rows.push_back({result.link_names[l], grouped(link.packets), grouped(link.ip_sizes.size()),
                          std::to_string(link.slots.cells), nanoseconds_text(link.slots.period_ns),
                          grouped(link.packets - link.cells), grouped(link.sequence.missing)});
  }
  return table;
}

report::Table pair_table(const AuditResult& result) {
  report::Table table;
  table.header = {"told apart", "windows", "accuracy", "95 %", "AUC", "p", "bits a second, at most", "by"};
  for (const PairResult& pair : result.pairs) {
    const Score& score = pair.all_links.score;
    table.rows.push_back({pair.class_name[0] + " / " + pair.class_name[1],
                          grouped(pair.windows[0] + pair.windows[1]), fmt::format("{:.3f}", score.accuracy),
                          fmt::format("{:.3f}-{:.3f}", score.accuracy_95.low, score.accuracy_95.high),
                          fmt::format("{:.3f}", score.auc), fmt::format("{:.2f}", pair.permutation.p),
                          fmt::format("{:.4f}", result.bits_per_second_upper(pair)), worst_name(pair)});
  }
  return table;
}

report::Table attacker_table(const std::vector<ModelResult>& attackers) {
  report::Table table;
  table.header = {"attacker", "accuracy", "95 %", "AUC", "information, bits a window", "at most"};
  for (const ModelResult& one : attackers) {
    table.rows.push_back({one.name, fmt::format("{:.3f}", one.score.accuracy),
                          fmt::format("{:.3f}-{:.3f}", one.score.accuracy_95.low, one.score.accuracy_95.high),
                          fmt::format("{:.3f}", one.score.auc),
                          fmt::format("{:.4f}", one.information.bits_a_window),
                          fmt::format("{:.4f}", one.information.bits_95.high)});
  }
  return table;
}

}  // namespace

std::string draws_line(const PairResult& pair) {
  const ModelResult& worst = pair.draws.attackers[pair.draws.worst];
  return fmt::format(
      "What rests on the draws: an accuracy of {:.3f} ({:.3f} to {:.3f}, p = {:.2f}) with them, {:.3f} "
      "without.",
      worst.score.accuracy, worst.score.accuracy_95.low, worst.score.accuracy_95.high,
      pair.draws.permutation.p, pair.all_links.score.accuracy);
}

namespace {

std::string pair_text(const PairResult& pair) {
  if (pair.attackers.empty()) return "";
  std::string text = fmt::format("\nThe attackers, {} / {}\n{}", pair.class_name[0], pair.class_name[1],
                                 text_table(attacker_table(pair.attackers)));
  text += fmt::format(
      "  With shuffled classes the best of them reaches {:.3f}, in 95 of 100 runs at most {:.3f}.\n",
      pair.best_by_chance, pair.best_by_chance_95);
  for (const NeighbourBound& bound : pair.bounds) {
    text += fmt::format(
        "  The nearest neighbour on {} is right with {:.3f}: with many windows nobody exceeds {:.3f} (at "
        "most {:.3f}).\n",
        bound.name, bound.nearest, bound.accuracy, bound.accuracy_95.high);
  }
  text += fmt::format(
      "  Cells a second: {:.1f} and {:.1f}, {:+.4f} %; trains: {:.1f} and {:.1f}, {:+.4f} %.\n",
      pair.rates.cells_a_second[0], pair.rates.cells_a_second[1], pair.rates.cells_apart() * 100,
      pair.rates.trains_a_second[0], pair.rates.trains_a_second[1], pair.rates.trains_apart() * 100);
  if (!pair.welch.top.empty()) {
    const WelchTest& test = pair.welch.top[0];
    text += fmt::format("  Blocks differ most in {}{}: t = {:.1f}, p = {:.2g} of {} tests.\n",
                        test.order == 2 ? "the variance of " : "", test.name, test.t, test.p_corrected,
                        pair.welch.tests);
  }
  if (!pair.draws.attackers.empty()) {
    text += fmt::format("\nHanded the draws of {} links\n{}  {}\n", pair.draws.links,
                        text_table(attacker_table(pair.draws.attackers)), draws_line(pair));
  }
  return text;
}

}  // namespace

std::string result_text(const AuditResult& result) {
  std::string text = fmt::format("\nPlain checks (stamps: {})\n{}", result.line_rate.to_string(),
                                 text_table(link_table(result)));
  text += fmt::format("\nThe worst attacker, all links together\n{}", text_table(pair_table(result)));
  for (const PairResult& pair : result.pairs) text += pair_text(pair);
  const PairResult& headline = result.pairs[result.headline];
  if (!headline.all_links.top.empty()) {
    text += fmt::format("\nWhat the trees gained most from ({} / {})\n", headline.class_name[0],
                        headline.class_name[1]);
    for (const TopFeature& feature : headline.all_links.top) {
      text +=
          fmt::format("  {:>6}  {} (alone: AUC {:.3f})\n", percent(feature.share), feature.name, feature.auc);
    }
  }
  if (!result.findings.empty()) {
    text += "\nFound\n";
    for (const Finding& finding : result.findings) {
      text += fmt::format("  {} {}\n", finding.breach ? "[breach]" : "[seen]  ", finding.text);
    }
  }
  text += fmt::format("\nVerdict: {}. {}\n", verdict_text(result.verdict), result.reason);
  return text;
}

std::string self_test_text(const SelfTest& test) {
  report::Table table;
  table.all_text = true;
  table.header = {"planted", "found", "accuracy"};
  for (const SelfTestCase& one : test.cases) {
    table.rows.push_back(
        {leak_name(one.leak), one.found ? "yes" : "no", fmt::format("{:.3f}", one.accuracy)});
  }
  std::string text = text_table(table);
  for (const SelfTestCase& one : test.cases) {
    for (const std::string& finding : one.findings)
      text += fmt::format("  {}: {}\n", leak_name(one.leak), finding);
  }
  return text + fmt::format("\n{} of {} planted leaks found, {} invented.\n", test.found(), test.planted(),
                            test.invented());
}

}  // namespace cuttle::audit
