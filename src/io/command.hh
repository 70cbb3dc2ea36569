// A program of the system's, run to its end: `ip`, `tar`, `nft`.
#pragma once

#include <string>
#include <vector>

#include "base/result.hh"
#include "base/time.hh"
#include "io/child_process.hh"

namespace cuttle {

struct CommandOutput {
  int status = 0;    // 128 + the signal's number for one that a signal ended
  std::string text;  // what it wrote, errors among it
};

// The path of that program, looked for in PATH and where an administrator's programs are; the name where it
// is in none of them.
std::string find_program(const std::string& name);

// The first word is the program's name. Fails when it cannot be run or has not ended after `timeout`; then
// it is ended by force.
Result<CommandOutput> run_command(std::vector<std::string> words, Duration timeout);

// As above, and another status than 0 is an error, too: the command, and what it wrote.
Result<std::string> run_good_command(const std::vector<std::string>& words, Duration timeout);

// Lets the command run on, without anything typed to it; what it writes is appended to `log`, a file for its
// owner alone.
Result<ChildProcess> start_logged(std::vector<std::string> words, const std::string& log);

}  // namespace cuttle
