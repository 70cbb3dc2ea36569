#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audit/audit.hh"
#include "audit/neighbours.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

constexpr size_t kTopFeatures = 8;
constexpr double kPenalty = 0.03;         // of the linear models, against the mean of their inner products
constexpr double kSequencePenalty = 0.1;  // thousands of columns that are all a little noisy

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

ModelResult result_of(const std::string& name, const Pair& pair, const Folds& folds,
                      const std::vector<double>& guesses, uint64_t seed) {
  return {name, score_guesses(pair, guesses, seed), {}, information_of(pair, folds, guesses, seed)};
}

// Trees on the columns of one link: its features, and its distances to its grid. Adds the attacker.
Result<ModelResult> attack_link(const AttackTables& tables, size_t link, const Pair& pair, const Folds& folds,
                                const AttackOptions& options, Attackers& attackers) {
  const FeatureTable& table = tables.features;
  const ResidualTable& residuals = tables.residuals;
  std::vector<std::string> names = link_feature_names();
  const size_t first = link * residuals.features_a_source;
  const size_t prefix = table.link_names[link].size() + 2;
  for (size_t c = 0; c < residuals.features_a_source; ++c)
    names.push_back(residuals.names[first + c].substr(prefix));
  const Matrix data =
      join_columns(table.of_link(link), take_columns(residuals.values, first, residuals.features_a_source));
  auto rows = TreeData::take(data, pair.rows, options.trees);
  if (!rows) return tl::unexpected(rows.error());
  const auto guesses = cross_validate(*rows, pair, folds, options);
  if (!guesses) return tl::unexpected(guesses.error());
  ModelResult result = result_of(table.link_names[link], pair, folds, guesses->chance_of_1, options.seed);
  result.top = top_features(data, pair, guesses->gains, names);
  attackers.push_back(tree_attacker(result.name, std::move(*rows), folds, options));
  return result;
}

// One link alone. Many are looked at, and the windows of a block are alike: so the best of them has to be
// better than the best of them is with the classes of whole blocks shuffled.
Result<void> attack_each_link(const AttackTables& tables, const Pair& pair, const Folds& folds,
                              const AuditOptions& options, Progress& progress, PairResult& result) {
  Attackers attackers;
  const size_t links = tables.features.links.size();
  double best = 0;
  for (size_t link = 0; link < links; ++link) {
    auto one = attack_link(tables, link, pair, folds, options.attack, attackers);
    if (!one) return tl::unexpected(one.error());
    best = std::max(best, one->score.accuracy);
    result.each_link.push_back(std::move(*one));
    progress.at(static_cast<double>(link + 1) / static_cast<double>(links));
  }
  if (best <= options.max_accuracy) return {};
  auto test = permutation_test(attackers, pair, folds, best, options.attack, progress);
  if (!test) return tl::unexpected(test.error());
  result.link_permutation = std::move(*test);
  return {};
}

NeighbourBound bound_of(const std::string& name, const Gram& gram, const Pair& pair, const Folds& folds,
                        uint64_t seed) {
  const Neighbours neighbours(gram, folds.of_row, 1);
  const Score score = score_guesses(pair, neighbours.guess_by_nearest(pair.labels()), seed);
  return {name,
          score.accuracy,
          accuracy_bound(score.accuracy),
          {accuracy_bound(score.accuracy_95.low), accuracy_bound(score.accuracy_95.high)}};
}

// The attackers over all links; fills what only they can say.
Result<Attackers> make_attackers(const AttackTables& tables, const Matrix& joined,
                                 const std::vector<std::string>& names, const Pair& pair, const Folds& folds,
                                 const AttackOptions& options, PairResult& result) {
  Attackers attackers;
  auto rows = TreeData::take(joined, pair.rows, options.trees);
  if (!rows) return tl::unexpected(rows.error());
  const auto trees = cross_validate(*rows, pair, folds, options);
  if (!trees) return tl::unexpected(trees.error());
  result.all_links.top = top_features(joined, pair, trees->gains, names);
  attackers.push_back(tree_attacker("trees on features", std::move(*rows), folds, options));

  const Gram features = gram_of(scale_columns(joined, pair.rows, Scaling::ranks));
  const Gram sequences = gram_of(scale_columns(tables.convolved, pair.rows, Scaling::deviation));
  result.bounds = {bound_of("features", features, pair, folds, options.seed),
                   bound_of("sequences", sequences, pair, folds, options.seed)};
  attackers.push_back(neighbour_attacker("neighbours on features", features, folds));
  attackers.push_back(linear_attacker("linear on features", features, folds, kPenalty));
  attackers.push_back(linear_attacker(
      "linear on distances to the grid",
      gram_of(scale_columns(tables.residuals.values, pair.rows, Scaling::ranks)), folds, kPenalty));
  attackers.push_back(linear_attacker("convolutions on sequences", sequences, folds, kSequencePenalty));
  return attackers;
}

// Asks each, finds the one that tells most, and tests it.
Result<void> judge_attackers(const Attackers& attackers, const Pair& pair, const Folds& folds,
                             const AttackOptions& options, Progress& progress,
                             std::vector<ModelResult>& results, size_t& worst, PermutationTest& permutation) {
  for (const auto& attacker : attackers) {
    const auto guesses = attacker->guess(pair);
    if (!guesses) return tl::unexpected(guesses.error());
    results.push_back(result_of(attacker->name(), pair, folds, *guesses, options.seed));
    if (results.back().score.accuracy > results[worst].score.accuracy) worst = results.size() - 1;
  }
  auto test = permutation_test(attackers, pair, folds, results[worst].score.accuracy, options, progress);
  if (!test) return tl::unexpected(test.error());
  permutation = std::move(*test);
  return {};
}

Result<void> attack_all_links(const AttackTables& tables, const Pair& pair, const Folds& folds,
                              const AttackOptions& options, Progress& progress, PairResult& result) {
  const Matrix joined = join_columns(tables.features.all, tables.residuals.values);
  std::vector<std::string> names = tables.features.names;
  names.insert(names.end(), tables.residuals.names.begin(), tables.residuals.names.end());
  const auto attackers = make_attackers(tables, joined, names, pair, folds, options, result);
  if (!attackers) return tl::unexpected(attackers.error());
  auto judged = judge_attackers(*attackers, pair, folds, options, progress, result.attackers, result.worst,
                                result.permutation);
  if (!judged) return judged;
  const ModelResult& worst = result.attackers[result.worst];
  result.all_links.name = "all links";
  result.all_links.score = worst.score;
  result.all_links.information = worst.information;
  std::vector<double> sorted = result.permutation.accuracies;
  std::sort(sorted.begin(), sorted.end());
  result.best_by_chance = mean_of(sorted);
  result.best_by_chance_95 = quantile_of_sorted(sorted, 0.95);
  return {};
}

// The same attackers on what only those see who know the draws.
Result<void> attack_with_draws(const AttackTables& tables, const Pair& pair, const Folds& folds,
                               const AttackOptions& options, Progress& progress, DrawsResult& result) {
  result.links = tables.draws.links;
  if (result.links == 0) return {};
  const Matrix joined =
      join_columns(join_columns(tables.features.all, tables.residuals.values), tables.draws.values);
  auto rows = TreeData::take(joined, pair.rows, options.trees);
  if (!rows) return tl::unexpected(rows.error());
  Attackers attackers;
  attackers.push_back(tree_attacker("trees, with the draws", std::move(*rows), folds, options));
  attackers.push_back(linear_attacker("linear on lateness",
                                      gram_of(scale_columns(tables.draws.values, pair.rows, Scaling::ranks)),
                                      folds, kPenalty));
  attackers.push_back(
      linear_attacker("convolutions on lateness",
                      gram_of(scale_columns(tables.draws.convolved, pair.rows, Scaling::deviation)), folds,
                      kSequencePenalty));
  return judge_attackers(attackers, pair, folds, options, progress, result.attackers, result.worst,
                         result.permutation);
}

}  // namespace

Result<PairResult> attack_pair(const AttackTables& tables, const WindowPlan& plan, size_t label_0,
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
  const Folds folds = Folds::deal(pair, options.attack.folds, options.attack.seed);

  const std::string versus = result.class_name[0] + " against " + result.class_name[1];
  progress.begin("attackers, " + versus + ": all links");
  const auto attacked = attack_all_links(tables, pair, folds, options.attack, progress, result);
  if (!attacked) return tl::unexpected(attacked.error());
  const auto with_draws = attack_with_draws(tables, pair, folds, options.attack, progress, result.draws);
  if (!with_draws) return tl::unexpected(with_draws.error());
  progress.begin("attackers, " + versus + ": each link");
  const auto each = attack_each_link(tables, pair, folds, options, progress, result);
  if (!each) return tl::unexpected(each.error());

  const FeatureTable& table = tables.features;
  result.events = test_events(table, pair, options.attack.seed);
  result.strongest = test_features(table, pair, options.attack.seed);
  std::vector<BlockFeature> features;
  add_block_features(table.all, table.names, pair, features);
  add_block_features(tables.residuals.values, tables.residuals.names, pair, features);
  add_block_rates(tables.residuals.sources, plan, pair, features);
  result.welch = welch_tests(features, pair);
  result.rates = rates_of(tables.residuals.sources, plan, pair);
  for (size_t i = 0; i < pair.rows.size(); ++i) {
    const Window& window = plan.windows[pair.rows[i]];
    const double time_s = static_cast<double>((window.start - plan.windows[0].start).ns) * 1e-9;
    result.strongest_dots.push_back(
        {time_s, table.all.at(pair.rows[i], result.strongest.column), pair.label(i)});
  }
  progress.finish();
  return result;
}

}  // namespace cuttle::audit
