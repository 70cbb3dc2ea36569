#include "cuttle/tool.hh"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <string_view>

#include "cuttle/commands.hh"

namespace cuttle {

namespace {

struct Tool {
  const char* word;
  const char* about;
};

constexpr std::array kTools{
    Tool{"audit", "Attack a capture as an observer would: does the wire tell what the cluster does?"},
    Tool{"trace", "Follow a write or a read through Ceph, step by step, and say what each step costs"},
};

}  // namespace

void add_tools(CLI::App& app) {
  for (const Tool& tool : kTools) app.add_subcommand(tool.word, tool.about);
}

std::optional<int> become_tool(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  for (const Tool& tool : kTools) {
    if (std::string_view(argv[1]) != tool.word) continue;
    std::error_code error;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    const std::string name = std::string("cuttle-") + tool.word;
    argv[1] = argv[0];
    // Installed, the tools are beside this program; in a build folder each is in its own.
    for (const auto& place :
         {folder, folder.parent_path() / tool.word, folder.parent_path() / tool.word / "standalone"}) {
      execv((place / name).c_str(), argv + 1);
    }
    complain((folder / name).string() +
             " cannot be run: it comes with Cuttle's tools; install them, or `./run build`");
    return kBadInput;
  }
  return std::nullopt;
}

}  // namespace cuttle
