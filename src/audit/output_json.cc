#include <cmath>

#include "audit/output.hh"

namespace cuttle::audit {

namespace {

using nlohmann::json;

// JSON has no NaN, and more digits than these mean nothing here.
json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1e6) / 1e6;
}

json interval(const Interval& range) {
  return json::array({number(range.low), number(range.high)});
}

json score_json(const Score& score, double window_s) {
  return {{"accuracy", number(score.accuracy)},
          {"ci95", interval(score.accuracy_95)},
          {"auc", number(score.auc)},
          {"auc_ci95", interval(score.auc_95)},
          {"hit", number(score.hit)},
          {"false_alarm", number(score.false_alarm)},
          {"bits_per_s", number(score.bits_a_window_upper / window_s)},
          {"bits_per_s_estimate", number(score.bits_a_window / window_s)}};
}

json model_json(const ModelResult& model, double window_s) {
  json out = score_json(model.score, window_s);
  out["name"] = model.name;
  out["information_bits_a_window"] = number(model.information.bits_a_window);
  out["information_ci95"] = interval(model.information.bits_95);
  out["top_features"] = json::array();
  for (const TopFeature& feature : model.top) {
    out["top_features"].push_back({{"name", feature.name},
                                   {"share", number(feature.share)},
                                   {"auc", number(feature.auc)},
                                   {"median", {number(feature.median[0]), number(feature.median[1])}}});
  }
  return out;
}

json attackers_json(const std::vector<ModelResult>& attackers, double window_s) {
  json out = json::array();
  for (const ModelResult& attacker : attackers) {
    json one = model_json(attacker, window_s);
    one.erase("top_features");
    out.push_back(std::move(one));
  }
  return out;
}

json bounds_json(const PairResult& pair) {
  json out = json::array();
  for (const NeighbourBound& bound : pair.bounds) {
    out.push_back({{"on", bound.name},
                   {"nearest_neighbour", number(bound.nearest)},
                   {"accuracy", number(bound.accuracy)},
                   {"ci95", interval(bound.accuracy_95)}});
  }
  return out;
}

json welch_json(const WelchTests& welch) {
  json out{{"tests", welch.tests}, {"top", json::array()}};
  for (const WelchTest& test : welch.top) {
    out["top"].push_back({{"name", test.name},
                          {"order", test.order},
                          {"t", number(test.t)},
                          {"p", test.p},
                          {"p_corrected", test.p_corrected},
                          {"mean", {number(test.mean[0]), number(test.mean[1])}}});
  }
  return out;
}

json rates_json(const Rates& rates) {
  return {{"trains_per_s", {number(rates.trains_a_second[0]), number(rates.trains_a_second[1])}},
          {"cells_per_s", {number(rates.cells_a_second[0]), number(rates.cells_a_second[1])}},
          {"trains_apart", number(rates.trains_apart())},
          {"cells_apart", number(rates.cells_apart())}};
}

// How much rests on the draws: the worst attacker with them and without.
json draws_json(const PairResult& pair, double window_s) {
  const DrawsResult& draws = pair.draws;
  if (draws.attackers.empty()) return nullptr;
  json out = score_json(draws.attackers[draws.worst].score, window_s);
  out["links"] = draws.links;
  out["worst_attacker"] = draws.attackers[draws.worst].name;
  out["permutation"] = {{"p", number(draws.permutation.p)}, {"runs", draws.permutation.accuracies.size()}};
  out["accuracy_without"] = number(pair.all_links.score.accuracy);
  out["attackers"] = attackers_json(draws.attackers, window_s);
  return out;
}

json pair_json(const PairResult& pair, double window_s) {
  json out = model_json(pair.all_links, window_s);
  out["classes"] = {pair.class_name[0], pair.class_name[1]};
  out["windows"] = pair.windows[0] + pair.windows[1];
  out["windows_of_class"] = {pair.windows[0], pair.windows[1]};
  out["blocks_of_class"] = {pair.blocks[0], pair.blocks[1]};
  out["attackers"] = attackers_json(pair.attackers, window_s);
  out["worst_attacker"] = worst_name(pair);
  out["permutation"] = {{"p", number(pair.permutation.p)},
                        {"runs", pair.permutation.accuracies.size()},
                        {"best_by_chance", number(pair.best_by_chance)},
                        {"best_by_chance_95", number(pair.best_by_chance_95)}};
  out["bounds"] = bounds_json(pair);
  out["welch"] = welch_json(pair.welch);
  out["rates"] = rates_json(pair.rates);
  if (pair.draws.links > 0) out["draws"] = draws_json(pair, window_s);
  out["strongest_feature"] = {
      {"name", pair.strongest.name}, {"auc", number(pair.strongest.auc)}, {"p", number(pair.strongest.p)}};
  for (const EventTest& test : pair.events) {
    out["events"].push_back({{"event", event_name(test.event)},
                             {"per_window", {number(test.per_window[0]), number(test.per_window[1])}},
                             {"p", number(test.p)}});
  }
  if (!pair.link_permutation.accuracies.empty()) out["best_link_p"] = number(pair.link_permutation.p);
  out["links"] = json::array();
  for (const ModelResult& link : pair.each_link) out["links"].push_back(model_json(link, window_s));
  out["verdict"] = verdict_text(pair.verdict);
  out["reason"] = pair.reason;
  return out;
}

json counts_json(const std::map<uint32_t, uint64_t>& counts) {
  json out = json::array();
  for (const auto& [value, count] : counts) out.push_back({value, count});
  return out;
}

json checks_json(const AuditResult& result) {
  json out{{"foreign_packets", result.survey.foreign_packets},
           {"foreign_examples", result.survey.foreign_examples}};
  out["links"] = json::array();
  for (size_t l = 0; l < result.survey.links.size(); ++l) {
    const LinkSurvey& link = result.survey.links[l];
    out["links"].push_back({{"name", result.link_names[l]},
                            {"packets", link.packets},
                            {"cells", link.cells},
                            {"distinct_sizes", link.ip_sizes.size()},
                            {"datagram_sizes", counts_json(link.datagram_sizes)},
                            {"slot_us", number(link.slots.period_ns * 1e-3)},
                            {"cells_a_slot", link.slots.cells},
                            {"sequence",
                             {{"sessions", link.sequence.sessions},
                              {"cells", link.sequence.cells},
                              {"missing", link.sequence.missing},
                              {"repeated", link.sequence.repeated}}}});
  }
  for (size_t c = 0; c < result.class_names.size(); ++c) {
    out["counts_a_slot"][result.class_names[c]] = counts_json(result.train_counts[c]);
  }
  return out;
}

}  // namespace

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::within_bound:
      return "within the bound";
    case Verdict::leaks:
      return "leaks";
    case Verdict::not_judged:
      break;
  }
  return "not judged";
}

json result_json(const AuditResult& result) {
  const PairResult& headline = result.pairs[result.headline];
  json out = score_json(headline.all_links.score, result.window_s);
  out["classes"] = {headline.class_name[0], headline.class_name[1]};
  out["worst_attacker"] = worst_name(headline);
  out["windows"] = headline.windows[0] + headline.windows[1];
  out["windows_needed"] = result.windows_needed;
  out["window_s"] = number(result.window_s);
  out["max_accuracy"] = number(result.max_accuracy);
  out["line_rate"] = result.line_rate.to_string();
  out["captures"] = result.captures;
  out["labels"] = result.spans_path;
  out["verdict"] = verdict_text(result.verdict);
  out["reason"] = result.reason;
  out["findings"] = json::array();
  for (const Finding& finding : result.findings) {
    out["findings"].push_back({{"text", finding.text}, {"breach", finding.breach}});
  }
  out["pairs"] = json::array();
  for (const PairResult& pair : result.pairs) out["pairs"].push_back(pair_json(pair, result.window_s));
  out["checks"] = checks_json(result);
  return out;
}

json self_test_json(const SelfTest& test) {
  json out{{"planted", {{"found", test.found()}, {"of", test.planted()}}},
           {"invented", test.invented()},
           {"cases", json::array()}};
  for (const SelfTestCase& one : test.cases) {
    out["cases"].push_back({{"planted", leak_name(one.leak)},
                            {"found", one.found},
                            {"accuracy", number(one.accuracy)},
                            {"findings", one.findings}});
  }
  return out;
}

}  // namespace cuttle::audit
