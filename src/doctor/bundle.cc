#include "doctor/bundle.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>

#include "doctor/redact.hh"
#include "io/command.hh"
#include "io/private_folder.hh"

namespace cuttle::doctor {

namespace {

constexpr Duration kCommandTimeout = seconds(10);
constexpr Duration kTarTimeout = seconds(60);
constexpr size_t kMaxBytes = 2 << 20;  // of one file in it: a Kubernetes node has a great many rules

using Commands = std::vector<std::vector<std::string>>;

std::string cut(std::string text) {
  if (text.size() <= kMaxBytes) return text;
  text.resize(kMaxBytes);
  return text + "\n[cut off here]\n";
}

// Each command and what it wrote.
std::string outputs_of(const Commands& commands) {
  std::string text;
  for (const auto& words : commands) {
    const auto output = run_command(words, kCommandTimeout);
    text +=
        fmt::format("$ {}\n{}\n", fmt::join(words, " "), output ? cut(output->text) : output.error().message);
  }
  return text;
}

std::string contents_of(const std::vector<std::string>& files) {
  std::string text;
  for (const std::string& name : files) {
    std::ifstream file(name);
    text += "# " + name + "\n";
    text += cut(std::string(std::istreambuf_iterator<char>(file), {})) + "\n";
  }
  return text;
}

const Commands kNetwork{
    {"ip", "-s", "-d", "link"},
    {"ip", "address"},
    {"ip", "rule"},
    {"ip", "-6", "rule"},
    {"ip", "route", "show", "table", "all"},
    {"ip", "-6", "route", "show", "table", "all"},
    {"ip", "neighbour"},
    {"ss", "-uanmp"},
};
const Commands kQueues{{"tc", "-s", "-d", "qdisc", "show"}};
const Commands kFirewall{{"nft", "list", "ruleset"}, {"iptables-legacy-save"}, {"ip6tables-legacy-save"}};
const Commands kHost{
    {"uname", "-a"},
    {"systemd-detect-virt"},
    {"lscpu"},
    {"uptime"},
    {"sysctl", "-a", "-r",
     "^net\\.ipv[46]\\.conf\\..*\\.(rp_filter|disable_ipv6|forwarding|src_valid_mark)$"},
};

}  // namespace

std::vector<BundleEntry> gather_bundle(const LoadedConfig& loaded, const Findings& findings,
                                       const std::string& status) {
  std::string problems;
  for (const std::string& line : loaded.problem_lines()) problems += line + "\n";
  std::vector<BundleEntry> entries{
      {"doctor.txt", problems + to_string(findings)},
      {"configuration.toml", loaded.text},
      {"status.json", status},
      {"network.txt", outputs_of(kNetwork)},
      {"queues.txt", outputs_of(kQueues)},
      {"firewall.txt", outputs_of(kFirewall)},
      {"host.txt",
       std::string("cuttle ") + CUTTLE_VERSION + "\n" + outputs_of(kHost) +
           contents_of({"/etc/os-release", "/proc/net/snmp", "/proc/net/snmp6", "/proc/net/softnet_stat"})},
  };
  if (!loaded.config.name.empty()) {
    entries.push_back({"journal.txt", outputs_of({{"journalctl", "--no-pager", "--lines=2000", "--unit",
                                                   "cuttle@" + loaded.config.name}})});
  }
  return entries;
}

Result<void> write_bundle(const std::string& file, const std::string& folder,
                          const std::vector<BundleEntry>& entries) {
  const auto work = PrivateFolder::make("cuttle-bundle");
  if (!work) return tl::unexpected(work.error());
  const std::filesystem::path inside = std::filesystem::path(work->path()) / folder;
  std::error_code error;
  std::filesystem::create_directory(inside, error);
  for (const BundleEntry& entry : entries) {
    std::ofstream out(inside / entry.name, std::ios::binary);
    out << without_keys(entry.text) << std::flush;
    if (!out) return failure((inside / entry.name).string() + ": cannot be written; is the disk full?");
  }
  // Packed where nobody else can write: the folder that was asked for may be another user's.
  const std::string packed = work->path() + "/packed-" + std::filesystem::path(file).filename().string();
  if (auto done = run_good_command({"tar", "--create", "--auto-compress", "--owner=0", "--group=0",
                                    "--directory", work->path(), "--file", packed, folder},
                                   kTarTimeout);
      !done)
    return tl::unexpected(done.error());
  return copy_to_new_private_file(packed, file);
}

}  // namespace cuttle::doctor
