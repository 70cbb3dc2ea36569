#include "cuttle/tool.hh"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
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
    Tool{"mesh", "Enrol this host by the cluster's monitors, or look after the hosts that are"},
    Tool{"metrics", "Serve what the agents here count to Prometheus"},
    Tool{"plan", "Choose a rate: what each would do to a load of yours"},
    Tool{"trace", "Follow a write or a read through Ceph, step by step, and say what each step costs"},
};

// The folder of src whose program a tool is, which is where a build leaves it.
struct Program {
  std::string name;
  std::string folder;
};

// Which program the arguments ask for; none when it is a word of cuttle's own.
std::optional<Program> program_asked_for(int argc, char** argv) {
  const std::string_view word = argc < 2 ? "" : argv[1];
  for (const Tool& tool : kTools) {
    if (word == tool.word) return Program{std::string("cuttle-") + tool.word, tool.word};
  }
  const bool from_ceph = std::any_of(argv + std::min(argc, 2), argv + argc, [](const char* argument) {
    return std::string_view(argument) == "--from-ceph";
  });
  if (word == "init" && from_ceph) return Program{"cuttle-enroll", "enroll"};
  return std::nullopt;
}

}  // namespace

void add_tools(CLI::App& app) {
  for (const Tool& tool : kTools) app.add_subcommand(tool.word, tool.about);
}

std::optional<int> become_tool(int argc, char** argv) {
  const auto program = program_asked_for(argc, argv);
  if (!program) return std::nullopt;
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  argv[1] = argv[0];
  // Installed, the tools are in libexec; in a build folder each is in its own.
  for (const auto& place :
       {folder, folder.parent_path() / "libexec" / "cuttle", folder.parent_path() / program->folder,
        folder.parent_path() / program->folder / "standalone"}) {
    execv((place / program->name).c_str(), argv + 1);
  }
  return complain((folder / program->name).string() + " cannot be run: it comes with the package " +
                  (program->folder == "mesh" ? "cuttle-mesh" : "cuttle-tools") +
                  "; install it, or `./run build`");
}

}  // namespace cuttle
