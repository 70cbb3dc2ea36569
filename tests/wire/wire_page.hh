// The blocks of bytes on the page docs/wire-format.md: ```hex NAME ... ```
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace cuttle::testing {

inline std::vector<uint8_t> bytes_of(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  }
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

inline std::map<std::string, std::vector<uint8_t>> bytes_on_page(const std::string& file_name) {
  std::map<std::string, std::vector<uint8_t>> blocks;
  std::ifstream file(file_name);
  const std::string begin = "```hex ";
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(begin)) continue;
    const std::string name = line.substr(begin.size());
    std::string text;
    while (std::getline(file, line) && line != "```") text += line;
    blocks[name] = bytes_of(text);
  }
  return blocks;
}

}  // namespace cuttle::testing
