#include "audit/neighbours.hh"

#include <algorithm>
#include <cmath>

namespace cuttle::audit {

Neighbours::Neighbours(const Gram& gram, const std::vector<size_t>& fold_of_row, size_t count)
    : count_(count), fold_of_row_(fold_of_row) {
  for (size_t row = 0; row < gram.rows; ++row) {
    std::vector<std::pair<double, size_t>> others;
    for (size_t other = 0; other < gram.rows; ++other) {
      if (fold_of_row[other] != fold_of_row[row]) others.emplace_back(gram.distance(row, other), other);
    }
    const size_t kept = std::min(count, others.size());
    std::partial_sort(others.begin(), others.begin() + static_cast<ptrdiff_t>(kept), others.end());
    std::vector<size_t> nearest;
    for (size_t i = 0; i < kept; ++i) nearest.push_back(others[i].second);
    nearest_.push_back(std::move(nearest));
  }
}

std::vector<double> Neighbours::vote(std::span<const int> labels, size_t count) const {
  double all[2] = {0, 0};
  for (const int label : labels) all[label] += 1;
  std::vector<double> guesses;
  for (const std::vector<size_t>& nearest : nearest_) {
    double votes[2] = {0, 0};
    for (size_t i = 0; i < std::min(count, nearest.size()); ++i) {
      const int label = labels[nearest[i]];
      votes[label] += 1 / all[label];
    }
    const double sum = votes[0] + votes[1];
    guesses.push_back(sum > 0 ? votes[1] / sum : 0.5);
  }
  return guesses;
}

size_t usual_neighbours(size_t windows) {
  return static_cast<size_t>(std::sqrt(static_cast<double>(windows))) | 1;
}

double accuracy_bound(double nearest_accuracy) {
  const double error = std::min(0.5, 1 - nearest_accuracy);
  return 0.5 + std::sqrt(std::max(0.0, 1 - 2 * error)) / 2;
}

}  // namespace cuttle::audit
