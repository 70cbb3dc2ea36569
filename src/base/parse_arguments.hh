// How every program here reads its command line.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string_view>

#include "base/complain.hh"

namespace cuttle {

// Nothing where the program goes on; else what it ends with: after --help and the like, or with a complaint
// that names `help`, the command that tells more.
inline std::optional<ExitStatus> parse_arguments(CLI::App& app, int argc, const char* const* argv,
                                                 std::string_view help) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      app.exit(error);
      return kDone;
    }
    return complain(fmt::format("{}; `{}` tells more", error.what(), help));
  }
  return std::nullopt;
}

}  // namespace cuttle
