// A Result<void> as Seastar's futures carry it, which take only what moves without throwing: what was
// refused, or nothing.
#pragma once

#include <optional>

#include "base/result.hh"

namespace cuttle {

using Refusal = std::optional<Error>;

inline Refusal refusal_of(const Result<void>& result) {
  return result ? std::nullopt : Refusal(result.error());
}

}  // namespace cuttle
