// Features made comparable, and how alike windows then are: all that a linear model or a search for the
// nearest neighbours asks of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "audit/feature_table.hh"

namespace cuttle::audit {

// How a column is scaled; what is not known lies in the middle, and columns that do not vary are left out.
// Labels play no part.
enum class Scaling {
  ranks,      // evenly over the ranks: no outlier counts for more than its place
  deviation,  // mean 0, deviation 1
};

// `rows` of `data`, scaled over these rows.
Matrix scale_columns(const Matrix& data, std::span<const size_t> rows, Scaling scaling);
// Both side by side; as many rows.
Matrix join_columns(const Matrix& left, const Matrix& right);

Matrix take_columns(const Matrix& data, size_t first, size_t count);

// Inner products of the rows, divided by the number of columns: mean of the diagonal 1.
struct Gram {
  size_t rows = 0;
  std::vector<float> values;  // rows * rows

  float at(size_t a, size_t b) const { return values[a * rows + b]; }
  double distance(size_t a, size_t b) const {
    return static_cast<double>(at(a, a)) + static_cast<double>(at(b, b)) - 2 * static_cast<double>(at(a, b));
  }
};
Gram gram_of(const Matrix& scaled);

}  // namespace cuttle::audit
