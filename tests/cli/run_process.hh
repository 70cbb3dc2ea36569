// Runs the cuttle binary as a person would, with a bound on its time.
#pragma once

#include <string>
#include <vector>

namespace cuttle {

struct Ran {
  int status = -1;  // exit status; 128 + signal when a signal ended it
  std::string out;
  std::string err;
};

// `input` goes to standard input. Standard output is the file `out_file` when one is given.
Ran run_cuttle(const std::vector<std::string>& arguments, const std::string& input = "",
               const std::string& out_file = "");

}  // namespace cuttle
