// Tries, one after the other, what a process of a running node must not be able to do, after it has been
// confined as that process is, and prints which error each met; also a few things that it must be able to do.
//   confined agent nobody | confined helper nobody | confined nothing (what each meets when it is not
//   confined)
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "attempts.hh"
#include "node/confinement.hh"
#include "tool.hh"

namespace cuttle::tools {

namespace {

// In a child, so that what succeeds stays without consequence.
int try_apart(const Attempt& attempt, const Prepared& prepared) {
  const pid_t child = fork();
  if (child < 0) die_of_errno("fork");
  if (child == 0) _exit(attempt.run(prepared));
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EFAULT;
}

nlohmann::json errors(const std::function<int(const Attempt&)>& try_one) {
  nlohmann::json met = nlohmann::json::object();
  for (const Attempt& attempt : attempts()) {
    const int error = try_one(attempt);
    const char* name = error == 0 ? "none" : strerrorname_np(error);
    met[attempt.name] = name == nullptr ? "?" : name;
  }
  return met;
}

void confine(const std::string& role, const std::string& user) {
  const auto confined = role == "agent" ? confine_agent(user) : confine_helper(user);
  if (!confined) die(confined.error().message);
}

int run(const std::vector<std::string>& words) {
  const std::string role = words.empty() ? "" : words[0];
  const std::string user = words.size() > 1 ? words[1] : "";
  const Prepared prepared = prepare();
  nlohmann::json met;
  if (role == "nothing") {
    met = errors([&](const Attempt& attempt) { return try_apart(attempt, prepared); });
  } else if (role == "agent") {
    confine(role, user);
    // On a thread that starts afterwards, as those that receive do.
    std::thread([&] { met = errors([&](const Attempt& attempt) { return attempt.run(prepared); }); }).join();
  } else if (role == "helper") {
    confine(role, user);
    met = errors([&](const Attempt& attempt) { return attempt.run(prepared); });
  } else {
    die("usage: confined agent USER | helper USER | nothing");
  }
  // Not std::cout, which a helper may not write to.
  std::cerr << met.dump() << std::endl;
  return 0;
}

}  // namespace

}  // namespace cuttle::tools

int main(int argc, char** argv) {
  return cuttle::tools::run({argv + 1, argv + argc});
}
