#include "audit/tree_model.hh"

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace cuttle::audit {

namespace {

tl::unexpected<Error> xgboost_failure(const char* doing) {
  return failure(fmt::format("xgboost, {}: {}", doing, XGBGetLastError()));
}

struct RowsFreer {
  void operator()(void* handle) const { XGDMatrixFree(handle); }
};
struct BoosterFreer {
  void operator()(void* handle) const { XGBoosterFree(handle); }
};
using RowsHandle = std::unique_ptr<void, RowsFreer>;
using BoosterHandleOwner = std::unique_ptr<void, BoosterFreer>;

Result<BoosterHandleOwner> make_booster(DMatrixHandle rows, const TreeOptions& options) {
  BoosterHandle handle = nullptr;
  if (XGBoosterCreate(&rows, 1, &handle) != 0) return xgboost_failure("making a model");
  BoosterHandleOwner booster(handle);
  const std::pair<const char*, std::string> parameters[] = {
      {"objective", "binary:logistic"},
      {"tree_method", "hist"},
      {"max_bin", "64"},
      {"verbosity", "0"},
      {"base_score", "0.5"},
      {"max_depth", std::to_string(options.depth)},
      {"eta", fmt::format("{}", options.learning_rate)},
      {"subsample", fmt::format("{}", options.share_of_rows)},
      {"colsample_bytree", fmt::format("{}", options.share_of_columns)},
      {"min_child_weight", "2"},
      {"nthread", std::to_string(options.threads)},
      {"seed", std::to_string(options.seed & 0x7fffffff)},
  };
  for (const auto& [name, value] : parameters) {
    if (XGBoosterSetParam(handle, name, value.c_str()) != 0) return xgboost_failure(name);
  }
  return booster;
}

Result<void> set_rows(DMatrixHandle rows, const std::vector<float>& targets,
                      const std::vector<float>& weights) {
  if (XGDMatrixSetFloatInfo(rows, "label", targets.data(), targets.size()) != 0 ||
      XGDMatrixSetFloatInfo(rows, "weight", weights.data(), weights.size()) != 0) {
    return xgboost_failure("taking the classes");
  }
  return {};
}

}  // namespace

struct TreeData::State {
  RowsHandle handle;
  size_t rows;
  size_t columns;
};
struct TreeModel::State {
  BoosterHandleOwner booster;
};

TreeData::TreeData(std::unique_ptr<State> state) : state_(std::move(state)) {}
TreeData::TreeData(TreeData&&) noexcept = default;
TreeData& TreeData::operator=(TreeData&&) noexcept = default;
TreeData::~TreeData() = default;
size_t TreeData::rows() const {
  return state_->rows;
}
size_t TreeData::columns() const {
  return state_->columns;
}

TreeModel::TreeModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
TreeModel::TreeModel(TreeModel&&) noexcept = default;
TreeModel& TreeModel::operator=(TreeModel&&) noexcept = default;
TreeModel::~TreeModel() = default;

Result<TreeData> TreeData::take(const Matrix& data, std::span<const size_t> rows,
                                const TreeOptions& options) {
  std::vector<float> values;
  values.reserve(rows.size() * data.columns);
  for (const size_t row : rows) {
    const auto begin = data.values.begin() + static_cast<ptrdiff_t>(row * data.columns);
    values.insert(values.end(), begin, begin + static_cast<ptrdiff_t>(data.columns));
  }
  DMatrixHandle handle = nullptr;
  if (XGDMatrixCreateFromMat(values.data(), rows.size(), data.columns,
                             std::numeric_limits<float>::quiet_NaN(), &handle) != 0) {
    return xgboost_failure("taking the windows");
  }
  TreeData taken(std::make_unique<State>(State{RowsHandle(handle), rows.size(), data.columns}));

  // The bins are made at the first training and kept: let that be one that favours no row and knows no class.
  const std::vector<float> ones(rows.size(), 1);
  const auto set = set_rows(handle, ones, ones);
  if (!set) return tl::unexpected(set.error());
  const auto booster = make_booster(handle, options);
  if (!booster) return tl::unexpected(booster.error());
  if (XGBoosterUpdateOneIter(booster->get(), 0, handle) != 0) return xgboost_failure("making bins");
  return taken;
}

Result<TreeModel> TreeModel::train(TreeData& data, std::span<const int> labels,
                                   const std::vector<bool>& in_training, const TreeOptions& options) {
  double rows_of[2] = {0, 0};
  for (size_t i = 0; i < labels.size(); ++i) {
    if (in_training[i]) rows_of[labels[i]] += 1;
  }
  std::vector<float> targets;
  std::vector<float> weights;
  for (size_t i = 0; i < labels.size(); ++i) {
    targets.push_back(static_cast<float>(labels[i]));
    const double weight = in_training[i] ? (rows_of[0] + rows_of[1]) / (2 * rows_of[labels[i]]) : 0;
    weights.push_back(static_cast<float>(weight));
  }
  DMatrixHandle rows = data.state_->handle.get();
  const auto set = set_rows(rows, targets, weights);
  if (!set) return tl::unexpected(set.error());
  auto booster = make_booster(rows, options);
  if (!booster) return tl::unexpected(booster.error());
  for (int round = 0; round < options.rounds; ++round) {
    if (XGBoosterUpdateOneIter(booster->get(), round, rows) != 0) return xgboost_failure("training");
  }
  return TreeModel(std::make_unique<State>(State{std::move(*booster)}));
}

Result<std::vector<double>> TreeModel::predict(const TreeData& data) const {
  const char* config =
      R"({"type": 0, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": false})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* result = nullptr;
  if (XGBoosterPredictFromDMatrix(state_->booster.get(), data.state_->handle.get(), config, &shape,
                                  &dimensions, &result) != 0) {
    return xgboost_failure("predicting");
  }
  return std::vector<double>(result, result + data.rows());
}

Result<std::vector<double>> TreeModel::gains(size_t columns) const {
  bst_ulong count = 0;
  const char** names = nullptr;
  bst_ulong dimensions = 0;
  const bst_ulong* shape = nullptr;
  const float* scores = nullptr;
  if (XGBoosterFeatureScore(state_->booster.get(), R"({"importance_type": "total_gain"})", &count, &names,
                            &dimensions, &shape, &scores) != 0) {
    return xgboost_failure("asking for what mattered");
  }
  std::vector<double> gains(columns, 0);
  for (bst_ulong i = 0; i < count; ++i) {
    const std::string_view name(names[i]);  // "f12": the column's number
    size_t column = columns;
    if (name.size() > 1) std::from_chars(name.data() + 1, name.data() + name.size(), column);
    if (column < columns) gains[column] = scores[i];
  }
  return gains;
}

}  // namespace cuttle::audit
