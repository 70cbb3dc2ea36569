// The audit of a capture: can an observer tell what the cluster did? Plain checks first (sizes, counts,
// foreign packets, sequences), then an attacker is trained on labelled windows, and judged on blocks of time
// it never saw.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/attack.hh"
#include "audit/draws.hh"
#include "audit/evidence.hh"
#include "audit/extract.hh"
#include "audit/information.hh"
#include "audit/score.hh"
#include "audit/survey.hh"
#include "audit/welch.hh"

namespace cuttle::audit {

struct AuditOptions {
  capture::NodeList nodes;
  capture::CellShape shape;
  LineRate line_rate;
  WindowOptions windows;
  AttackOptions attack;
  double max_accuracy = 0.55;
  std::vector<std::string> classes;    // the two to be told apart; empty: the reference against every other
  std::vector<std::string> schedules;  // what was drawn (schedule.hh); empty: not known
  std::string export_to;               // a file for all windows as CSV (export_csv.hh); empty: none
};

struct TopFeature {
  std::string name;
  double share = 0;           // of all that the models gained
  double auc = 0.5;           // of this feature alone
  double median[2] = {0, 0};  // in either class
};

// One attacker: over all links together, or trees on one link alone.
struct ModelResult {
  std::string name;
  Score score;
  std::vector<TopFeature> top;  // of trees
  Information information;
};

// What the nearest neighbour's error allows any classifier on the same features.
struct NeighbourBound {
  std::string name;       // "features", "sequences"
  double nearest = 0.5;   // balanced accuracy of the nearest neighbour
  double accuracy = 0.5;  // that no classifier exceeds
  Interval accuracy_95;
};

enum class Verdict { within_bound, leaks, not_judged };

// The attackers that are handed the draws as well.
struct DrawsResult {
  size_t links = 0;  // whose draws are known; 0: nothing was handed over
  std::vector<ModelResult> attackers;
  size_t worst = 0;
  PermutationTest permutation;  // of the worst, as the best of these
};

// Two classes told apart.
struct PairResult {
  std::string class_name[2];
  size_t windows[2] = {0, 0};
  size_t blocks[2] = {0, 0};
  std::vector<ModelResult> attackers;  // each over all links
  size_t worst = 0;                    // the one that tells most
  ModelResult all_links;               // the worst one, with what the trees gained most from
  std::vector<ModelResult> each_link;
  // Of the link that tells most, as the best of all links; not run where that is within the bound.
  PermutationTest link_permutation;
  PermutationTest permutation;  // of the worst: as the best of all attackers
  double best_by_chance = 0.5;  // what the best of all attackers reaches with shuffled classes, in the mean
  double best_by_chance_95 = 0.5;  // and in 95 of 100
  std::vector<NeighbourBound> bounds;
  WelchTests welch;
  Rates rates;
  DrawsResult draws;
  std::vector<EventTest> events;
  FeatureTest strongest;
  Verdict verdict = Verdict::not_judged;
  std::string reason;
  // For plots: the strongest feature in each window of the pair, with time and class.
  struct Dot {
    double time_s;
    double value;
    int label;
  };
  std::vector<Dot> strongest_dots;
};

struct Finding {
  enum class Kind { sizes, foreign, counts, timing };
  Kind kind;
  bool breach;  // beyond what is allowed; otherwise only detectable
  std::string text;
};

struct AuditResult {
  std::string spans_path;
  std::vector<std::string> captures;
  LineRate line_rate;
  capture::CellShape shape;
  double max_accuracy = 0.55;
  double window_s = 1;
  size_t windows_needed = 0;  // both classes together, for a verdict of within_bound
  Survey survey;
  std::vector<std::string> link_names;  // as survey.links
  std::vector<capture::Span> spans;
  std::vector<std::string> class_names;
  std::vector<std::map<uint32_t, uint64_t>> train_counts;  // by class: packets a train -> trains
  std::vector<PairResult> pairs;                           // at least one
  size_t headline = 0;                                     // the pair that tells most
  std::vector<Finding> findings;
  Verdict verdict = Verdict::not_judged;
  std::string reason;

  double bits_per_second_upper(const PairResult& pair) const {
    return pair.all_links.score.bits_a_window_upper / window_s;
  }
  bool found(Finding::Kind kind) const;
};

// Errors, one line each: what cannot be read, labels that do not fit, one class only.
Result<AuditResult> run_audit(const std::vector<CaptureInput>& inputs,
                              const std::vector<capture::Span>& spans, const std::string& spans_path,
                              const AuditOptions& options, Progress& progress);

// The attacker that tells most; empty where none was asked.
std::string worst_name(const PairResult& pair);
// Windows of both classes together below which `max_accuracy` cannot be told from chance.
size_t windows_needed(double max_accuracy);
// Fills verdict, reason and findings.
void judge(AuditResult& result);

// What is attacked: every window's features, distances to the grid, and convolutions.
struct AttackTables {
  FeatureTable features;
  ResidualTable residuals;
  Matrix convolved;
  DrawsTables draws;
};
Result<PairResult> attack_pair(const AttackTables& tables, const WindowPlan& plan, size_t label_0,
                               size_t label_1, const AuditOptions& options, Progress& progress);

}  // namespace cuttle::audit
