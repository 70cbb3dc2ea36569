// How far long work is, on standard error: one line that is rewritten on a terminal, a line now and then
// elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace cuttle::audit {

class Progress {
 public:
  enum class Show { yes, no };
  explicit Progress(Show show);
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin(const std::string& stage);
  void at(double fraction);  // 0 to 1; cheap enough to be called often
  void finish();

 private:
  void print(double fraction);

  bool shown_;
  bool terminal_;
  std::string stage_;
  std::chrono::steady_clock::time_point began_;
  std::chrono::steady_clock::time_point printed_;
};

}  // namespace cuttle::audit
