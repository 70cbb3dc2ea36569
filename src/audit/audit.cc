#include "audit/audit.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "audit/convolution.hh"
#include "audit/export_csv.hh"

namespace cuttle::audit {

namespace {

constexpr const char* kReferenceClass = "idle";

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

Result<AttackTables> make_tables(FeatureTable features, const Survey& surveyed, const WindowPlan& plan,
                                 const std::vector<ScheduledLink>& schedules, const AuditOptions& options,
                                 Progress& progress) {
  AttackTables tables{std::move(features), {}, {}, {}};
  std::vector<double> periods_ns;
  for (const LinkSurvey& link : surveyed.links) periods_ns.push_back(link.slots.period_ns);
  progress.begin("grids");
  tables.residuals = make_residual_table(tables.features, options.nodes, plan, periods_ns);
  progress.finish();
  ConvolutionOptions convolution;
  convolution.seed = options.attack.seed;
  tables.convolved = convolve(make_sequences(tables.residuals.sources, plan), convolution, progress);
  auto draws = make_draws_tables(schedules, tables.residuals.sources, tables.features, options.nodes,
                                 options.attack.seed, progress);
  if (!draws) return tl::unexpected(draws.error());
  tables.draws = std::move(*draws);
  return tables;
}

}  // namespace

Result<AuditResult> run_audit(const std::vector<CaptureInput>& inputs,
                              const std::vector<capture::Span>& spans, const std::string& spans_path,
                              const AuditOptions& options, Progress& progress) {
  const auto plan = plan_windows(spans, spans_path, options.windows);
  if (!plan) return tl::unexpected(plan.error());
  const auto label_pairs = choose_pairs(*plan, options.classes);
  if (!label_pairs) return tl::unexpected(label_pairs.error());
  const auto schedules = read_schedules(options.schedules, options.nodes);
  if (!schedules) return tl::unexpected(schedules.error());

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
  const auto tables =
      make_tables(std::move(extraction->table), result.survey, *plan, *schedules, options, progress);
  if (!tables) return tl::unexpected(tables.error());
  if (!options.export_to.empty()) {
    const auto written = export_csv(options.export_to, *tables, *plan);
    if (!written) return tl::unexpected(written.error());
  }

  for (const auto& [label_0, label_1] : *label_pairs) {
    auto pair = attack_pair(*tables, *plan, label_0, label_1, options, progress);
    if (!pair) return tl::unexpected(pair.error());
    result.pairs.push_back(std::move(*pair));
  }
  judge(result);
  return result;
}

std::string worst_name(const PairResult& pair) {
  return pair.attackers.empty() ? "" : pair.attackers[pair.worst].name;
}

bool AuditResult::found(Finding::Kind kind) const {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& one) { return one.kind == kind; });
}

}  // namespace cuttle::audit
