// Random bytes that are not the kernel's alone. Those of a machine that was restored can be the same again,
// until the kernel is told and draws anew; and then so would the keys of a session be, whose cells are
// numbered from 1. The clocks, in nanoseconds, are not.
#pragma once

#include "base/bytes.hh"

namespace cuttle {

// Any thread.
void fill_with_hedged_entropy(MutableBytes out);

}  // namespace cuttle
