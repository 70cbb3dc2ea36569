// Looks through /proc for the process that holds a TUN interface: its descriptor's fdinfo has a line
// "iff: NAME" (Linux, drivers/net/tun.c, tun_chr_show_fdinfo).
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "io/tun.hh"

namespace cuttle {
namespace {

namespace fs = std::filesystem;

bool same_network_namespace(const fs::path& process) {
  struct stat own {};
  struct stat other {};
  return ::stat("/proc/thread-self/ns/net", &own) == 0 && ::stat((process / "ns/net").c_str(), &other) == 0 &&
         own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

bool holds(const fs::path& process, std::string_view name) {
  std::error_code ignored;
  for (fs::directory_iterator entry(process / "fdinfo", ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    std::ifstream info(entry->path());
    for (std::string line; std::getline(info, line);) {
      if (!line.starts_with("iff:")) continue;
      const auto value = line.find_first_not_of(" \t", 4);
      if (value != std::string::npos && std::string_view(line).substr(value) == name) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<int> tun_holder(std::string_view name) {
  std::error_code ignored;
  for (fs::directory_iterator entry("/proc", ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const std::string text = entry->path().filename();
    int process = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), process).ec != std::errc()) continue;
    if (same_network_namespace(entry->path()) && holds(entry->path(), name)) return process;
  }
  return std::nullopt;
}

}  // namespace cuttle
