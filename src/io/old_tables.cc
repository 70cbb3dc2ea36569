#include "io/old_tables.hh"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

namespace cuttle {

Result<std::string> old_tables(bool v6) {
  const std::string names = fmt::format("/proc/net/ip{}_tables_names", v6 ? "6" : "");
  std::string first;
  if (!std::getline(std::ifstream(names), first)) return std::string();
  const std::string program = fmt::format("ip{}tables-legacy-save", v6 ? "6" : "");
  // The shell finds it also where a user's path lacks the administrator's folders.
  const std::string command = "PATH=$PATH:/usr/sbin:/sbin " + program + " 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "re"), &::pclose);
  std::string text;
  std::array<char, 4096> some;
  while (pipe != nullptr) {
    const size_t got = ::fread(some.data(), 1, some.size(), pipe.get());
    if (got == 0) break;
    text.append(some.data(), got);
  }
  if (text.empty()) {
    return failure(fmt::format("there are rules of old tables ({}), and {} is not installed to show them",
                               names, program));
  }
  return text;
}

}  // namespace cuttle
