// Everything that is wrong with a configuration, collected in one go: one line each, saying which value,
// where, and what would be right.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cuttle {

enum class Severity {
  error,    // the configuration cannot be used
  warning,  // it can, but something promised will not hold
};

struct Problem {
  uint32_t line = 0;  // 0: the file as a whole
  std::string message;
  Severity severity = Severity::error;

  bool operator==(const Problem&) const = default;
};

class Problems {
 public:
  void add(uint32_t line, std::string message) { add({line, std::move(message), Severity::error}); }
  void warn(uint32_t line, std::string message) { add({line, std::move(message), Severity::warning}); }

  bool has_errors() const;
  // In the order of the file's lines; those of one line in the order they were found.
  const std::vector<Problem>& list() const& { return list_; }
  const std::vector<Problem>& list() && = delete;  // would dangle

 private:
  void add(Problem problem);
  std::vector<Problem> list_;
};

// "FILE:LINE: message", "FILE:LINE: warning: message", or without the line where it is 0.
std::string to_string(const Problem& problem, std::string_view file);

// Where each value that the file gives stands: "node.listen", "shape.rate", "peer[0].endpoint",
// "peer[0].redirect[1]" (peers count from 0 in the order of the file). Lets checks that come after parsing,
// against the machine for example, name the line.
class SourceMap {
 public:
  void set(std::string path, uint32_t line) { lines_.insert_or_assign(std::move(path), line); }
  // The line of the first of `paths` that the file gives; 0 when none of them.
  uint32_t line(std::initializer_list<std::string_view> paths) const;
  uint32_t line(std::string_view path) const { return line({path}); }

 private:
  std::map<std::string, uint32_t, std::less<>> lines_;
};

}  // namespace cuttle
