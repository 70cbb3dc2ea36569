#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audit/audit.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr double kSignificant = 0.002;  // of a finding; several tests are made, so rarer than the usual 0.05
constexpr double kPlain = 0.005;        // of an accuracy
constexpr double kShuffledBetter = 0.03;       // of the permutation test, for a verdict
constexpr double kShuffledMuchBetter = 0.011;  // and for a finding within the bound: none of 99
constexpr size_t kMinBlocks = 4;               // of each class: fewer cannot be shuffled in enough ways

// How likely an accuracy as high as this is by chance, from its own interval.
double chance_of(const Score& score) {
  const double deviation = std::max(1e-9, score.accuracy - score.accuracy_95.low) / 1.96;
  return 0.5 * std::erfc((score.accuracy - 0.5) / deviation / std::sqrt(2.0));
}

// An accuracy beyond the bound is a leak only when it is plainly no chance: a false alarm in one audit of a
// hundred would be one too many. Of the links each is one of many, so it must stand out by so much more, and
// from the best of them with shuffled classes.
bool stands_out(const PairResult& pair) {
  return chance_of(pair.all_links.score) < kPlain && pair.permutation.p <= kShuffledBetter;
}
bool stands_out(const ModelResult& link, const PairResult& pair, size_t pairs) {
  return chance_of(link.score) * static_cast<double>(pair.each_link.size()) < kSignificant &&
         pair.link_permutation.p * static_cast<double>(pairs) <= kShuffledBetter + 1e-9;
}

bool has_blocks(const PairResult& pair) {
  return pair.blocks[0] >= 2 && pair.blocks[1] >= 2;
}

// `pairs`: so many are judged.
void judge_pair(PairResult& pair, double bound, size_t needed, size_t pairs) {
  const size_t windows = pair.windows[0] + pair.windows[1];
  const std::string versus = fmt::format("{} against {}", pair.class_name[0], pair.class_name[1]);
  if (!has_blocks(pair)) {
    pair.verdict = Verdict::not_judged;
    pair.reason = fmt::format("{}: {} and {} blocks of time; at least {} of each class are needed", versus,
                              pair.blocks[0], pair.blocks[1], kMinBlocks);
    return;
  }
  const Score& score = pair.all_links.score;
  if (score.accuracy > bound && stands_out(pair)) {
    pair.verdict = Verdict::leaks;
    pair.reason = fmt::format(
        "{}: told apart with an accuracy of {:.3f} ({:.3f} to {:.3f}), more than {:.3f} (by {})", versus,
        score.accuracy, score.accuracy_95.low, score.accuracy_95.high, bound, worst_name(pair));
    return;
  }
  for (const ModelResult& link : pair.each_link) {
    if (link.score.accuracy <= bound || !stands_out(link, pair, pairs)) continue;
    pair.verdict = Verdict::leaks;
    pair.reason = fmt::format(
        "{}: told apart on {} alone with an accuracy of {:.3f} ({:.3f} to {:.3f}, p = {:.2f}), more than "
        "{:.3f}",
        versus, link.name, link.score.accuracy, link.score.accuracy_95.low, link.score.accuracy_95.high,
        pair.link_permutation.p, bound);
    return;
  }
  const size_t smaller = 2 * std::min(pair.windows[0], pair.windows[1]);
  if (smaller < needed || pair.blocks[0] < kMinBlocks || pair.blocks[1] < kMinBlocks) {
    pair.verdict = Verdict::not_judged;
    pair.reason = fmt::format(
        "{}: {} windows ({} and {}) in {} and {} blocks; {} windows, half of them of each class, in at "
        "least {} blocks of each are needed to tell {:.3f} from chance",
        versus, windows, pair.windows[0], pair.windows[1], pair.blocks[0], pair.blocks[1], needed, kMinBlocks,
        bound);
    return;
  }
  if (score.accuracy > bound) {
    pair.verdict = Verdict::not_judged;
    pair.reason = fmt::format(
        "{}: an accuracy of {:.3f} that could be chance ({:.3f} to {:.3f}, p = {:.2f}; the best of {} "
        "attackers reaches {:.3f} by chance); more blocks of time would decide",
        versus, score.accuracy, score.accuracy_95.low, score.accuracy_95.high, pair.permutation.p,
        pair.attackers.size(), pair.best_by_chance);
    return;
  }
  pair.verdict = Verdict::within_bound;
  pair.reason = fmt::format(
      "{}: an accuracy of {:.3f} ({:.3f} to {:.3f}), within {:.3f}, by the best of {} attackers", versus,
      score.accuracy, score.accuracy_95.low, score.accuracy_95.high, bound, pair.attackers.size());
}

void find_in_pair(const PairResult& pair, double bound, std::vector<Finding>& findings) {
  const std::string versus = fmt::format("{} against {}", pair.class_name[0], pair.class_name[1]);
  if (pair.verdict == Verdict::leaks) findings.push_back({Finding::Kind::timing, true, pair.reason});
  const Score& score = pair.all_links.score;
  const bool beyond_chance = chance_of(score) < kPlain && pair.permutation.p <= kShuffledMuchBetter;
  if (pair.verdict != Verdict::leaks && beyond_chance && score.accuracy <= bound) {
    findings.push_back({Finding::Kind::timing, false,
                        fmt::format("{}: an accuracy of {:.3f} is more than chance, if within the bound",
                                    versus, score.accuracy)});
  }
  if (pair.strongest.p <= kSignificant) {
    findings.push_back({Finding::Kind::timing, false,
                        fmt::format("{}: differs in `{}` (alone it tells with an AUC of {:.3f}, p = {:.3f})",
                                    versus, pair.strongest.name,
                                    std::max(pair.strongest.auc, 1 - pair.strongest.auc), pair.strongest.p)});
  }
  if (!pair.welch.top.empty() && pair.welch.top[0].p_corrected <= kSignificant) {
    const WelchTest& test = pair.welch.top[0];
    findings.push_back(
        {Finding::Kind::timing, false,
         fmt::format(
             "{}: blocks differ in {}`{}` (t = {:.1f}, p = {:.1g} of {} tests): {:.9g} against {:.9g}",
             versus, test.order == 2 ? "the variance of " : "", test.name, test.t, test.p_corrected,
             pair.welch.tests, test.mean[0], test.mean[1])});
  }
  for (const EventTest& test : pair.events) {
    if (test.p > kSignificant / static_cast<double>(pair.events.size())) continue;
    findings.push_back({Finding::Kind::counts, false,
                        fmt::format("{}: {}: {:.4g} a window against {:.4g} (p = {:.4f})", versus,
                                    event_name(test.event), test.per_window[0], test.per_window[1], test.p)});
  }
}

void find_plain(const AuditResult& result, std::vector<Finding>& findings) {
  for (size_t l = 0; l < result.survey.links.size(); ++l) {
    const LinkSurvey& link = result.survey.links[l];
    uint64_t odd = 0;
    std::string example;
    for (const auto& [bytes, count] : link.datagram_sizes) {
      if (bytes == result.shape.cell_bytes) continue;
      odd += count;
      if (example.empty()) example = fmt::format("{} bytes", bytes);
    }
    if (odd == 0) continue;
    findings.push_back(
        {Finding::Kind::sizes, true,
         fmt::format("{}: {} of {} datagrams are not of {} bytes (first: {})", result.link_names[l], odd,
                     link.packets, result.shape.cell_bytes, example)});
  }
  uint64_t odd_total = 0;
  for (const LinkSurvey& link : result.survey.links) {
    for (const auto& [bytes, count] : link.datagram_sizes)
      odd_total += bytes == result.shape.cell_bytes ? 0 : count;
  }
  // Datagrams of a wrong size are foreign as well; here only what is not even that.
  if (result.survey.foreign_packets > odd_total) {
    findings.push_back(
        {Finding::Kind::foreign, true,
         fmt::format("{} packets between the nodes are not cells (first: {})",
                     result.survey.foreign_packets - odd_total,
                     result.survey.foreign_examples.empty() ? "?" : result.survey.foreign_examples[0])});
  }
}

}  // namespace

size_t windows_needed(double max_accuracy) {
  // Half the width of the 95 % interval around chance, 1.96 * 0.5 / sqrt(n), must fit below the bound.
  const double room = std::max(1e-3, max_accuracy - 0.5);
  return static_cast<size_t>(std::ceil(std::pow(1.96 * 0.5 / room, 2)));
}

void judge(AuditResult& result) {
  find_plain(result, result.findings);
  const auto judged =
      static_cast<size_t>(std::count_if(result.pairs.begin(), result.pairs.end(), has_blocks));
  for (PairResult& pair : result.pairs) {
    judge_pair(pair, result.max_accuracy, result.windows_needed, judged);
    find_in_pair(pair, result.max_accuracy, result.findings);
  }
  const auto worse = [&](size_t a, size_t b) {
    return result.pairs[a].all_links.score.accuracy > result.pairs[b].all_links.score.accuracy;
  };
  for (size_t i = 1; i < result.pairs.size(); ++i) {
    if (worse(i, result.headline)) result.headline = i;
  }

  const auto breach = std::find_if(result.findings.begin(), result.findings.end(),
                                   [](const Finding& finding) { return finding.breach; });
  if (breach != result.findings.end()) {
    result.verdict = Verdict::leaks;
    result.reason = breach->text;
    return;
  }
  // What happens once in an audit (an OSD that comes back) is looked at and no more, beside what is judged.
  std::string not_judged;
  for (const PairResult& pair : result.pairs) {
    if (pair.verdict != Verdict::not_judged) continue;
    if (judged > 0 && !has_blocks(pair)) {
      not_judged += fmt::format("; {} is not judged, in a single block", pair.class_name[1]);
      continue;
    }
    result.verdict = Verdict::not_judged;
    result.reason = pair.reason;
    return;
  }
  result.verdict = Verdict::within_bound;
  result.reason = result.pairs[result.headline].reason + not_judged;
}

}  // namespace cuttle::audit
