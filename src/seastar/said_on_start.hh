// What Seastar says while it starts. It prints why it does not, and ends; here that becomes a line of ours.
#pragma once

#include <sstream>
#include <streambuf>
#include <string>

namespace cuttle {

// While it lives, or until end(), what is written to std::cerr is kept. One at a time; nobody else writes
// there meanwhile.
class SaidOnStart {
 public:
  SaidOnStart();
  ~SaidOnStart() { end(); }
  SaidOnStart(const SaidOnStart&) = delete;
  SaidOnStart& operator=(const SaidOnStart&) = delete;

  // Its last line.
  std::string end();

 private:
  std::ostringstream said_;
  std::streambuf* before_;
};

}  // namespace cuttle
