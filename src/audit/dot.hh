// Inner products in several independent sums, which the compiler can keep in vector registers.
#pragma once

#include <cstddef>

namespace cuttle::audit {

template <typename T>
T dot_product(const T* a, const T* b, size_t n) {
  constexpr size_t kSums = 16;
  T sums[kSums] = {};
  size_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (size_t k = 0; k < kSums; ++k) sums[k] += a[i + k] * b[i + k];
  }
  T sum = 0;
  for (; i < n; ++i) sum += a[i] * b[i];
  for (const T part : sums) sum += part;
  return sum;
}

}  // namespace cuttle::audit
