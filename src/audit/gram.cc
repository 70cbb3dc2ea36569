#include "audit/gram.hh"

#include <algorithm>
#include <cmath>

#include "audit/dot.hh"
#include "audit/statistics.hh"

namespace cuttle::audit {

namespace {

// In place; false when the column does not vary.
bool scale(std::vector<double>& column, Scaling scaling) {
  if (scaling == Scaling::ranks) {
    // Ranks put what is not known lowest; it moves to the middle afterwards.
    const std::vector<double> ranks = ranks_of(column);
    double unknown = 0;
    for (const double v : column) unknown += std::isnan(v) ? 1 : 0;
    const double known = static_cast<double>(column.size()) - unknown;
    if (known < 2) return false;
    for (size_t i = 0; i < column.size(); ++i) {
      if (!std::isnan(column[i])) column[i] = ranks[i] - unknown;
    }
  }
  double sum = 0;
  double known = 0;
  for (const double v : column) {
    if (!std::isnan(v)) sum += v, known += 1;
  }
  if (known < 2) return false;
  const double mean = sum / known;
  double squares = 0;
  for (const double v : column) {
    if (!std::isnan(v)) squares += (v - mean) * (v - mean);
  }
  const double deviation = std::sqrt(squares / static_cast<double>(column.size()));
  if (!(deviation > 1e-9 * std::max(1.0, std::fabs(mean)))) return false;
  for (double& v : column) v = std::isnan(v) ? 0 : (v - mean) / deviation;
  return true;
}

}  // namespace

Matrix scale_columns(const Matrix& data, std::span<const size_t> rows, Scaling scaling) {
  std::vector<std::vector<float>> kept;
  std::vector<double> column(rows.size());
  for (size_t c = 0; c < data.columns; ++c) {
    for (size_t r = 0; r < rows.size(); ++r) column[r] = data.at(rows[r], c);
    if (scale(column, scaling)) kept.emplace_back(column.begin(), column.end());
  }
  Matrix result{rows.size(), kept.size(), std::vector<float>(rows.size() * kept.size())};
  for (size_t c = 0; c < kept.size(); ++c) {
    for (size_t r = 0; r < rows.size(); ++r) result.values[r * kept.size() + c] = kept[c][r];
  }
  return result;
}

Matrix join_columns(const Matrix& left, const Matrix& right) {
  Matrix joined{left.rows, left.columns + right.columns, {}};
  joined.values.reserve(joined.rows * joined.columns);
  for (size_t r = 0; r < left.rows; ++r) {
    const auto from_left = left.values.begin() + static_cast<ptrdiff_t>(r * left.columns);
    const auto from_right = right.values.begin() + static_cast<ptrdiff_t>(r * right.columns);
    joined.values.insert(joined.values.end(), from_left, from_left + static_cast<ptrdiff_t>(left.columns));
    joined.values.insert(joined.values.end(), from_right, from_right + static_cast<ptrdiff_t>(right.columns));
  }
  return joined;
}

Matrix take_columns(const Matrix& data, size_t first, size_t count) {
  Matrix part{data.rows, count, {}};
  part.values.reserve(part.rows * part.columns);
  for (size_t r = 0; r < data.rows; ++r) {
    const auto begin = data.values.begin() + static_cast<ptrdiff_t>(r * data.columns + first);
    part.values.insert(part.values.end(), begin, begin + static_cast<ptrdiff_t>(count));
  }
  return part;
}

Gram gram_of(const Matrix& scaled) {
  Gram gram{scaled.rows, std::vector<float>(scaled.rows * scaled.rows, 0)};
  if (scaled.columns == 0) return gram;
  const auto columns = static_cast<float>(scaled.columns);
  for (size_t a = 0; a < scaled.rows; ++a) {
    for (size_t b = 0; b <= a; ++b) {
      const float product = dot_product(&scaled.values[a * scaled.columns],
                                        &scaled.values[b * scaled.columns], scaled.columns) /
                            columns;
      gram.values[a * scaled.rows + b] = gram.values[b * scaled.rows + a] = product;
    }
  }
  return gram;
}

}  // namespace cuttle::audit
