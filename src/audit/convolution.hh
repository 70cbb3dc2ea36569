// Random convolution kernels over sequences, as MiniRocket has them (Dempster, Schmidt and Webb, KDD 2021):
// kernels of nine weights, six of -1 and three of 2, at several dilations; of each product the share that
// exceeds a bias, which is a quantile of the product on a window drawn at random. Labels play no part. A
// linear model on these shares is the classifier.
#pragma once

#include <cstdint>

#include "audit/progress.hh"
#include "audit/sequences.hh"

namespace cuttle::audit {

struct ConvolutionOptions {
  size_t max_columns = 9'000;  // with many links fewer kernels are drawn for each
  size_t max_dilation = 64;
  uint64_t seed = 1;
};

// A row each window; NaN where a sequence is too short for a kernel.
Matrix convolve(const std::vector<Sequences>& sequences, const ConvolutionOptions& options,
                Progress& progress);

}  // namespace cuttle::audit
