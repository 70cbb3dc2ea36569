// Words that are programs of their own, `cuttle-WORD` beside this one: the tools for the operator's desk need
// libraries that have no place in an agent on a storage node.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

namespace cuttle {

// So that --help lists them.
void add_tools(CLI::App& app);

// Becomes the tool when argv[1] is one; returns when it is not. Returns an error message's exit status when
// the tool is not installed.
std::optional<int> become_tool(int argc, char** argv);

}  // namespace cuttle
