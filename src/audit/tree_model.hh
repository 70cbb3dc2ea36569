// Gradient-boosted trees (xgboost, through its C interface): the attacker's classifier for two classes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "audit/feature_table.hh"
#include "base/result.hh"

namespace cuttle::audit {

struct TreeOptions {
  int rounds = 40;
  int depth = 3;
  double learning_rate = 0.15;
  double share_of_rows = 0.8;     // drawn for each tree
  double share_of_columns = 0.3;  //
  int threads = 1;                // more help little on a few hundred windows, and hurt on a busy machine
  uint64_t seed = 1;
};

// The windows as the trees see them: copied and sorted into bins once, for all the models that are trained on
// them. Holds one training's classes at a time, so it is not for two threads.
class TreeData {
 public:
  // `rows` of `data`; positions below count within `rows`.
  static Result<TreeData> take(const Matrix& data, std::span<const size_t> rows, const TreeOptions& options);
  TreeData(TreeData&&) noexcept;
  TreeData& operator=(TreeData&&) noexcept;
  ~TreeData();

  size_t rows() const;
  size_t columns() const;

 private:
  friend class TreeModel;
  struct State;
  explicit TreeData(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class TreeModel {
 public:
  // Trains on the rows where `in_training` is set; a row elsewhere has no weight. The classes weigh the same,
  // however many rows each has. Deterministic for a seed.
  static Result<TreeModel> train(TreeData& data, std::span<const int> labels,
                                 const std::vector<bool>& in_training, const TreeOptions& options);
  TreeModel(TreeModel&&) noexcept;
  TreeModel& operator=(TreeModel&&) noexcept;
  ~TreeModel();

  // Chance of class 1 for every row, those of the training too.
  Result<std::vector<double>> predict(const TreeData& data) const;
  // What each column contributed (total gain), to be compared with each other.
  Result<std::vector<double>> gains(size_t columns) const;

 private:
  struct State;
  explicit TreeModel(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cuttle::audit
