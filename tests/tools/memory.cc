// How often given bytes stand in the memory of a process: what a test of forgotten keys looks for.
//   memory --pid 4711 0123...ef fedc...98
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "base/file_descriptor.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

using ByteVector = std::vector<uint8_t>;

ByteVector bytes_of(const std::string& hex) {
  ByteVector bytes;
  if (hex.size() < 16 || hex.size() % 2 != 0) die("'" + hex + "': at least eight bytes, in hex");
  for (size_t i = 0; i < hex.size(); i += 2) {
    const std::string pair = hex.substr(i, 2);
    if (pair.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) die("'" + hex + "': not hex");
    bytes.push_back(static_cast<uint8_t>(std::stoul(pair, nullptr, 16)));
  }
  return bytes;
}

struct Mapping {
  uint64_t begin;
  uint64_t end;
};

// What the process can read; without what the kernel maps into it.
std::vector<Mapping> mappings_of(const std::string& folder) {
  std::ifstream maps(folder + "/maps");
  if (!maps) die(folder + "/maps cannot be read");
  std::vector<Mapping> mappings;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[v") != std::string::npos) continue;
    Mapping mapping{};
    char dash = 0;
    std::string rights;
    std::istringstream(line) >> std::hex >> mapping.begin >> dash >> mapping.end >> rights;
    if (!rights.empty() && rights[0] == 'r') mappings.push_back(mapping);
  }
  return mappings;
}

ByteVector content_of(const FileDescriptor& memory, const Mapping& mapping) {
  ByteVector content(mapping.end - mapping.begin);
  size_t have = 0;
  while (have < content.size()) {
    const ssize_t got = pread(memory.get(), content.data() + have, content.size() - have,
                              static_cast<off_t>(mapping.begin + have));
    if (got <= 0) break;  // a hole behind a file's end
    have += static_cast<size_t>(got);
  }
  content.resize(have);
  return content;
}

size_t count(const ByteVector& content, const ByteVector& wanted) {
  const std::boyer_moore_horspool_searcher searcher(wanted.begin(), wanted.end());
  size_t found = 0;
  for (auto at = std::search(content.begin(), content.end(), searcher); at != content.end();
       at = std::search(at + 1, content.end(), searcher)) {
    ++found;
  }
  return found;
}

int run(int argc, char** argv) {
  int pid = 0;
  std::vector<std::string> hex;
  CLI::App app("Counts bytes in the memory of a process.", "memory");
  app.add_option("--pid", pid)->required();
  app.add_option("HEX", hex)->required();
  CLI11_PARSE(app, argc, argv);
  std::vector<ByteVector> wanted;
  for (const std::string& text : hex) wanted.push_back(bytes_of(text));
  const std::string folder = "/proc/" + std::to_string(pid);
  const FileDescriptor memory(open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory) die_of_errno(folder + "/mem");
  std::vector<size_t> found(wanted.size(), 0);
  uint64_t read = 0;
  for (const Mapping& mapping : mappings_of(folder)) {
    const ByteVector content = content_of(memory, mapping);
    read += content.size();
    for (size_t i = 0; i < wanted.size(); ++i) found[i] += count(content, wanted[i]);
  }
  print({{"bytes_read", read}, {"found", found}});
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run(argc, argv);
}
