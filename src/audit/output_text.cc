#include <fmt/format.h>

#include "audit/output.hh"
#include "report/format.hh"
#include "report/page.hh"

namespace cuttle::audit {

namespace {

report::Table link_table(const AuditResult& result) {
  report::Table table;
  table.header = {"link", "packets", "sizes", "cells a slot", "slot", "not cells", "missing numbers"};
  for (size_t l = 0; l < result.survey.links.size(); ++l) {
    const LinkSurvey& link = result.survey.links[l];
    table.rows.push_back(
        {result.link_names[l], report::grouped(link.packets), report::grouped(link.ip_sizes.size()),
         std::to_string(link.slots.cells), report::nanoseconds_text(link.slots.period_ns),
         report::grouped(link.packets - link.cells), report::grouped(link.sequence.missing)});
  }
  return table;
}

report::Table pair_table(const AuditResult& result) {
  report::Table table;
  table.header = {"told apart", "windows", "accuracy", "95 %", "AUC", "p", "bits a second, at most"};
  for (const PairResult& pair : result.pairs) {
    const Score& score = pair.all_links.score;
    table.rows.push_back({pair.class_name[0] + " / " + pair.class_name[1],
                          report::grouped(pair.windows[0] + pair.windows[1]),
                          fmt::format("{:.3f}", score.accuracy),
                          fmt::format("{:.3f}-{:.3f}", score.accuracy_95.low, score.accuracy_95.high),
                          fmt::format("{:.3f}", score.auc), fmt::format("{:.2f}", pair.permutation.p),
                          fmt::format("{:.4f}", result.bits_per_second_upper(pair))});
  }
  return table;
}

}  // namespace

std::string result_text(const AuditResult& result) {
  std::string text =
      fmt::format("\nPlain checks (stamps: {})\n{}", result.line_rate.text(), text_table(link_table(result)));
  text += fmt::format("\nThe attacker, all links together\n{}", text_table(pair_table(result)));
  const PairResult& headline = result.pairs[result.headline];
  if (!headline.all_links.top.empty()) {
    text += fmt::format("\nWhat gave most away ({} / {})\n", headline.class_name[0], headline.class_name[1]);
    for (const TopFeature& feature : headline.all_links.top) {
      text += fmt::format("  {:>6}  {} (alone: AUC {:.3f})\n", report::percent(feature.share), feature.name,
                          feature.auc);
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
