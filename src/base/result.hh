// The first of the three kinds of failure: the environment said no. A Result carries a value or one line for
// a person: what failed, where, and what to do instead.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace cuttle {

struct Error {
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace cuttle
