#include "cuttle/drivers.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "base/os_error.hh"
#include "node/native_driver.hh"

namespace cuttle {

namespace {

// The words this program was started with, its own name first.
std::vector<std::string> own_arguments() {
  std::vector<std::string> words;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

std::string program_of(const std::string& driver) {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::string name = "cuttle-" + driver;
  // In a build folder each program is in a folder of its own.
  const auto built = folder.parent_path() / driver / name;
  return std::filesystem::exists(built, error) ? built : folder / name;
}

}  // namespace

OwnDriver native_driver() {
  return {"native", [](const DriverOptions& options, const NodeConfig&) -> Result<MakeDriver> {
            if (!options.any_special()) return MakeDriver(make_native_driver);
            return failure(
                "--split, --poll-mode, --metrics, --reveal and words after -- are for the driver seastar; "
                "add --driver seastar, or runtime.driver = \"seastar\" in the configuration");
          }};
}

void add_driver_options(CLI::App& command, DriverOptions& options) {
  constexpr char kGroup[] = "Drivers";
  command
      .add_option("--driver", options.name, "What runs the lanes, instead of runtime.driver: native, seastar")
      ->check(CLI::IsMember({"native", "seastar"}))
      ->type_name("NAME")
      ->group(kGroup);
  command
      .add_option("--driver-program", options.program,
                  "The program of a driver that is not in this one, where it is not beside it")
      ->type_name("FILE")
      ->group(kGroup);
  command.add_flag("--split", options.split, "seastar: sending and receiving of a link on two shards")
      ->group(kGroup);
  command
      .add_flag("--poll-mode", options.poll_mode, "seastar: poll, never sleep; each shard takes a whole CPU")
      ->group(kGroup);
  command
      .add_option("--metrics", options.metrics, "seastar: serve its Prometheus metrics here (127.0.0.1:9180)")
      ->type_name("ADDRESS:PORT")
      ->group(kGroup);
  command.add_flag("--reveal", options.reveal, "seastar: --metrics may be an address that others can reach")
      ->group(kGroup);
  command.add_option("MORE", options.more, "After --: options of Seastar itself (-- --task-quota-ms 0.2)")
      ->group(kGroup);
}

std::string driver_wanted(const DriverOptions& options, const std::string& config_file,
                          const OwnDriver& own) {
  if (!options.name.empty()) return options.name;
  const LoadedConfig loaded = load_config(config_file, KeyFiles::ignore);
  return loaded.good() ? loaded.config.driver : own.name;
}

ExitStatus become_driver(const DriverOptions& options, const std::string& name) {
  const std::string program = options.program.empty() ? program_of(name) : options.program;
  std::vector<std::string> words = own_arguments();
  words.at(0) = program;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  return complain(fmt::format(
      "the driver {} cannot be run: {}: {}; it is built where Seastar is installed, or by ./run {}", name,
      program, os_error_text(errno), name));
}

}  // namespace cuttle
