// Rows of text in aligned columns.
#pragma once

#include <string>
#include <vector>

namespace cuttle {

class TextTable {
 public:
  struct Column {
    std::string title;
    bool right = false;  // aligned to the right: numbers
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  // Every line begins with two blanks and ends with a line feed, without blanks before it. No line for titles
  // where no column has one.
  std::string to_string() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace cuttle
