#include "run_process.hh"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace cuttle {

namespace {

constexpr unsigned kMaxSeconds = 30;

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

File scratch(const std::string& text = "") {
  File file(std::tmpfile(), std::fclose);
  if (!file) std::abort();
  std::fwrite(text.data(), 1, text.size(), file.get());
  std::rewind(file.get());
  return file;
}

std::string content(const File& file) {
  std::rewind(file.get());
  std::string text;
  char piece[4096];
  for (size_t got = 0; (got = std::fread(piece, 1, sizeof piece, file.get())) > 0;) text.append(piece, got);
  return text;
}

}  // namespace

Ran run_cuttle(const std::vector<std::string>& arguments, const std::string& input,
               const std::string& out_file) {
  std::vector<char*> argv{const_cast<char*>(CUTTLE_BINARY)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const File in = scratch(input);
  const File out = scratch();
  const File err = scratch();
  const pid_t child = ::fork();
  if (child == 0) {
    const int out_fd =
        out_file.empty() ? ::fileno(out.get()) : ::open(out_file.c_str(), O_WRONLY | O_CREAT, 0644);
    ::dup2(::fileno(in.get()), STDIN_FILENO);
    ::dup2(out_fd, STDOUT_FILENO);
    ::dup2(::fileno(err.get()), STDERR_FILENO);
    ::alarm(kMaxSeconds);
    ::execv(CUTTLE_BINARY, argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  Ran ran;
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ran.out = content(out);
  ran.err = content(err);
  return ran;
}

}  // namespace cuttle
