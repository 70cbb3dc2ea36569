// What the kernel shows in a file of one line.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace cuttle::doctor {

// Empty where there is no such file, or it may not be read.
inline std::string first_line_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

}  // namespace cuttle::doctor
