#include "audit/ridge.hh"

#include <algorithm>
#include <cmath>

#include "audit/dot.hh"
#include "base/check.hh"

namespace cuttle::audit {

namespace {

// Solves L x = b in place.
void solve_forward(const std::vector<double>& factor, std::vector<double>& x) {
  const size_t n = x.size();
  for (size_t i = 0; i < n; ++i) {
    x[i] = (x[i] - dot_product(&factor[i * n], x.data(), i)) / factor[i * n + i];
  }
}

// Solves L' x = b in place.
void solve_backward(const std::vector<double>& factor, std::vector<double>& x) {
  const size_t n = x.size();
  for (size_t i = n; i-- > 0;) {
    x[i] /= factor[i * n + i];
    const double value = x[i];
    const double* row = &factor[i * n];
    for (size_t j = 0; j < i; ++j) x[j] -= value * row[j];
  }
}

}  // namespace

RidgeFolds::RidgeFolds(const Gram& gram, std::vector<size_t> fold_of_row, double penalty) : gram_(gram) {
  const size_t folds = *std::max_element(fold_of_row.begin(), fold_of_row.end()) + 1;
  for (size_t f = 0; f < folds; ++f) {
    Fold fold;
    for (size_t row = 0; row < fold_of_row.size(); ++row) {
      (fold_of_row[row] == f ? fold.held_out : fold.training).push_back(row);
    }
    factorise(fold, penalty);
    folds_.push_back(std::move(fold));
  }
}

void RidgeFolds::factorise(Fold& fold, double penalty) const {
  const size_t n = fold.training.size();
  fold.factor.assign(n * n, 0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double value = gram_.at(fold.training[i], fold.training[j]);
      if (i == j) value += penalty;
      double* const row_i = &fold.factor[i * n];
      const double* const row_j = &fold.factor[j * n];
      value -= dot_product(row_i, row_j, j);
      if (i == j) {
        CUTTLE_CHECK(value > 0, "inner products and a penalty are positive definite");
        row_i[i] = std::sqrt(value);
      } else {
        row_i[j] = value / row_j[j];
      }
    }
  }
  // Column j of L^-1 begins at j; its square is the inverse's diagonal there.
  std::vector<double> column(n);
  for (size_t j = 0; j < n; ++j) {
    column[j] = 1 / fold.factor[j * n + j];
    double square = column[j] * column[j];
    for (size_t i = j + 1; i < n; ++i) {
      column[i] = -dot_product(&fold.factor[i * n + j], &column[j], i - j) / fold.factor[i * n + i];
      square += column[i] * column[i];
    }
    fold.inverse_diagonal.push_back(square);
  }
}

void RidgeFolds::guess_fold(const Fold& fold, std::span<const int> labels,
                            std::vector<double>& guesses) const {
  const size_t n = fold.training.size();
  double rows_of[2] = {0, 0};
  for (const size_t row : fold.training) rows_of[labels[row]] += 1;
  if (rows_of[0] == 0 || rows_of[1] == 0) return;  // nothing to learn: 0.5 stays
  std::vector<double> target;
  for (const size_t row : fold.training) {
    target.push_back(labels[row] == 1 ? static_cast<double>(n) / (2 * rows_of[1])
                                      : -static_cast<double>(n) / (2 * rows_of[0]));
  }
  std::vector<double> alpha = target;
  solve_forward(fold.factor, alpha);
  solve_backward(fold.factor, alpha);

  // Each training row as a model without it would see it.
  double sum[2] = {0, 0};
  double squares[2] = {0, 0};
  for (size_t i = 0; i < n; ++i) {
    const double without = target[i] - alpha[i] / fold.inverse_diagonal[i];
    const int label = labels[fold.training[i]];
    sum[label] += without;
    squares[label] += without * without;
  }
  const double mean[2] = {sum[0] / rows_of[0], sum[1] / rows_of[1]};
  double variance = 0;
  for (const int label : {0, 1})
    variance += (squares[label] / rows_of[label] - mean[label] * mean[label]) / 2;
  const double cut = (mean[0] + mean[1]) / 2;
  variance = std::max(variance, 1e-12);
  // As for two normal distributions of one variance, held back where the means hardly differ.
  const double slope = std::max(mean[1] - mean[0], 0.1 * std::sqrt(variance)) / variance;
  for (const size_t row : fold.held_out) {
    double value = 0;
    for (size_t i = 0; i < n; ++i) value += alpha[i] * static_cast<double>(gram_.at(row, fold.training[i]));
    guesses[row] = 1 / (1 + std::exp(-std::clamp(slope * (value - cut), -30.0, 30.0)));
  }
}

std::vector<double> RidgeFolds::guess(std::span<const int> labels) const {
  std::vector<double> guesses(labels.size(), 0.5);
  for (const Fold& fold : folds_) guess_fold(fold, labels, guesses);
  return guesses;
}

}  // namespace cuttle::audit
