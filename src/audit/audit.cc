#include "audit/audit.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kTopFeatures = 8;
constexpr const char* kReferenceClass = "idle";

std::vector<TopFeature> top_features(const Matrix& data, const Pair& pair, const std::vector<double>& gains,
                                     const std::vector<std::string>& names) {
  std::vector<size_t> order(gains.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return gains[a] > gains[b]; });
  const double total = std::accumulate(gains.begin(), gains.end(), 0.0);
  const std::vector<int> labels = pair.labels();
  std::vector<TopFeature> top;
  for (size_t i = 0; i < std::min(kTopFeatures, order.size()) && total > 0; ++i) {
    TopFeature feature;
    feature.name = names[order[i]];
    feature.share = gains[order[i]] / total;
    std::vector<double> values;
    std::vector<double> of_class[2];
    for (size_t r = 0; r < pair.rows.size(); ++r) {
      values.push_back(data.at(pair.rows[r], order[i]));
      if (!std::isnan(values.back())) of_class[labels[r]].push_back(values.back());
    }
    feature.auc = auc_of(values, labels);
    for (const int label : {0, 1}) feature.median[label] = median_of(of_class[label]);
    if (feature.share > 0) top.push_back(std::move(feature));
  }
  return top;
}

Result<ModelResult> attack(const std::string& name, const Matrix& data, TreeData& rows,
                           const std::vector<std::string>& names, const Pair& pair,
                           const AttackOptions& options) {
  const auto guesses = cross_validate(rows, pair, options);
  if (!guesses) return tl::unexpected(guesses.error());
  return ModelResult{name, score_guesses(pair, guesses->chance_of_1, options.seed),
                     top_features(data, pair, guesses->gains, names)};
}

Result<PairResult> attack_pair(const FeatureTable& table, const WindowPlan& plan, size_t label_0,
                               size_t label_1, const AuditOptions& options, Progress& progress) {
  PairResult result;
  const Pair pair = select_pair(plan, label_0, label_1);
  result.class_name[0] = plan.labels[label_0];
  result.class_name[1] = plan.labels[label_1];
  for (const int label : {0, 1}) {
    result.windows[label] = pair.windows(label);
    result.blocks[label] = pair.blocks(label);
  }
  if (result.blocks[0] < 2 || result.blocks[1] < 2) return result;

  const std::string versus = result.class_name[0] + " against " + result.class_name[1];
  progress.begin("attacker, " + versus + ": all links");
  auto rows = TreeData::take(table.all, pair.rows, options.attack.trees);
  if (!rows) return tl::unexpected(rows.error());
  auto all = attack("all links", table.all, *rows, table.names, pair, options.attack);
  if (!all) return tl::unexpected(all.error());
  result.all_links = std::move(*all);
  progress.begin("attacker, " + versus + ": each link");
  for (size_t l = 0; l < table.links.size(); ++l) {
    const Matrix of_link = table.of_link(l);
    auto link_rows = TreeData::take(of_link, pair.rows, options.attack.trees);
    if (!link_rows) return tl::unexpected(link_rows.error());
    auto one = attack(table.link_names[l], of_link, *link_rows, link_feature_names(), pair, options.attack);
    if (!one) return tl::unexpected(one.error());
    result.each_link.push_back(std::move(*one));
    progress.at(static_cast<double>(l + 1) / static_cast<double>(table.links.size()));
  }
  auto permutation = permutation_test(*rows, pair, result.all_links.score.accuracy, options.attack, progress);
  if (!permutation) return tl::unexpected(permutation.error());
  result.permutation = std::move(*permutation);

  result.events = test_events(table, pair, options.attack.seed);
  result.strongest = test_features(table, pair, options.attack.seed);
  for (size_t i = 0; i < pair.rows.size(); ++i) {
    const Window& window = plan.windows[pair.rows[i]];
    const double time_s = static_cast<double>((window.start - plan.windows[0].start).ns) * 1e-9;
    result.strongest_dots.push_back(
        {time_s, table.all.at(pair.rows[i], result.strongest.column), pair.label(i)});
  }
  return result;
}

// The pairs of labels to attack.
Result<std::vector<std::pair<size_t, size_t>>> choose_pairs(const WindowPlan& plan,
                                                            const std::vector<std::string>& classes) {
  const auto position = [&](const std::string& name) {
    return static_cast<size_t>(std::find(plan.labels.begin(), plan.labels.end(), name) - plan.labels.begin());
  };
  if (!classes.empty()) {
    for (const std::string& name : classes) {
      if (position(name) == plan.labels.size()) {
        return failure(fmt::format("classes: no span of class `{}`; the spans have {}", name,
                                   fmt::join(plan.labels, ", ")));
      }
    }
    if (classes.size() != 2 || classes[0] == classes[1]) return failure("classes: give two different ones");
    return std::vector{std::pair{position(classes[0]), position(classes[1])}};
  }
  size_t reference = position(kReferenceClass);
  if (reference == plan.labels.size()) reference = 0;
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t label = 0; label < plan.labels.size(); ++label) {
    if (label != reference) pairs.emplace_back(reference, label);
  }
  return pairs;
}

}  // namespace

Result<AuditResult> run_audit(const std::vector<CaptureInput>& inputs,
                              const std::vector<capture::Span>& spans, const std::string& spans_path,
                              const AuditOptions& options, Progress& progress) {
  const auto plan = plan_windows(spans, spans_path, options.windows);
  if (!plan) return tl::unexpected(plan.error());
  const auto label_pairs = choose_pairs(*plan, options.classes);
  if (!label_pairs) return tl::unexpected(label_pairs.error());

  AuditResult result;
  result.spans_path = spans_path;
  for (const CaptureInput& input : inputs) result.captures.push_back(input.name);
  result.line_rate = options.line_rate;
  result.shape = options.shape;
  result.max_accuracy = options.max_accuracy;
  result.window_s = static_cast<double>(options.windows.window.ns) * 1e-9;
  result.windows_needed = windows_needed(options.max_accuracy);
  result.spans = spans;
  result.class_names = plan->labels;

  const ReadOptions read{&options.nodes, options.shape, options.line_rate};
  auto surveyed = survey(inputs, read, spans, spans_path, progress);
  if (!surveyed) return tl::unexpected(surveyed.error());
  result.survey = std::move(*surveyed);
  auto extraction = extract(inputs, read, result.survey, *plan, progress);
  if (!extraction) return tl::unexpected(extraction.error());
  result.link_names = extraction->table.link_names;
  result.train_counts = std::move(extraction->train_counts);

  for (const auto& [label_0, label_1] : *label_pairs) {
    auto pair = attack_pair(extraction->table, *plan, label_0, label_1, options, progress);
    if (!pair) return tl::unexpected(pair.error());
    result.pairs.push_back(std::move(*pair));
  }
  judge(result);
  return result;
}

bool AuditResult::found(Finding::Kind kind) const {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& one) { return one.kind == kind; });
}

}  // namespace cuttle::audit
