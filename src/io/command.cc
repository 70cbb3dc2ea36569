#include "io/command.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/file_descriptor.hh"
#include "io/os_error.hh"

namespace cuttle {

// A user's PATH may lack the folders of an administrator's programs.
std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  const std::string folders = std::string(path == nullptr ? "" : path) + ":/usr/sbin:/sbin:/usr/bin:/bin";
  for (std::string_view rest = folders; !rest.empty();) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const std::string program = std::string(rest.substr(0, end)) + "/" + name;
    if (end > 0 && ::access(program.c_str(), X_OK) == 0) return program;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return name;
}

Result<CommandOutput> run_command(std::vector<std::string> words, Duration timeout) {
  const std::string name = words.at(0);
  words[0] = find_program(name);
  auto pipe = make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  const Instant deadline = steady_now() + timeout;
  auto child = ChildProcess::start(
      words, {{pipe->writing.get(), STDOUT_FILENO}, {pipe->writing.get(), STDERR_FILENO}});
  if (!child) return tl::unexpected(child.error());
  pipe->writing = FileDescriptor();
  CommandOutput output;
  bool at_end = false;
  while (read_more(pipe->reading.get(), deadline, output.text, at_end)) {
  }
  const auto status = child->wait_until(deadline);
  if (!status) return failure(fmt::format("{}: it does not end", fmt::join(words, " ")));
  output.status = *status;
  return output;
}

Result<std::string> run_good_command(const std::vector<std::string>& words, Duration timeout) {
  auto output = run_command(words, timeout);
  if (!output) return tl::unexpected(output.error());
  while (output->text.ends_with('\n') && output->status != 0) output->text.pop_back();
  if (output->status != 0) {
    return failure(
        fmt::format("`{}`: {}", fmt::join(words, " "),
                    output->text.empty() ? fmt::format("exit status {}", output->status) : output->text));
  }
  return std::move(output->text);
}

Result<ChildProcess> start_logged(std::vector<std::string> words, const std::string& log) {
  words.at(0) = find_program(words.at(0));
  const FileDescriptor in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const FileDescriptor out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!in || !out) return os_failure(log, errno);
  return ChildProcess::start(
      words, {{in.get(), STDIN_FILENO}, {out.get(), STDOUT_FILENO}, {out.get(), STDERR_FILENO}});
}

}  // namespace cuttle
