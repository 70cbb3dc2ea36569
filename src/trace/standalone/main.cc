// cuttle-trace: what `cuttle trace` becomes. A program of its own, so that the agent needs none of its
// libraries.
#include <CLI/CLI.hpp>
#include <exception>
#include <string>

#include "base/complain.hh"
#include "base/parse_arguments.hh"
#include "trace/command.hh"

int main(int argc, char** argv) {
  try {
    CLI::App app("Follows a Ceph write or read step by step, plain and shaped.", "cuttle trace");
    int status = 0;
    cuttle::trace::add_trace_words(app, status);
    if (const auto ended = cuttle::parse_arguments(app, argc, argv, "cuttle trace --help")) return *ended;
    return status;
  } catch (const std::exception& error) {
    return cuttle::complain(error.what());
  }
}
