// Randomness fit for keys, from the kernel.
#pragma once

#include "base/bytes.hh"

namespace cuttle {

// Waits until the kernel's generator is seeded, once after boot; then never. A kernel without getrandom ends
// the process: there is nothing safe to do instead.
void fill_with_entropy(MutableBytes out);

}  // namespace cuttle
