// One self-contained HTML page: no script, no external file, readable on a phone, in the dark and on paper.
// Every report of Cuttle is built with it, so that they look alike. All text is escaped here.
#pragma once

#include <string>
#include <vector>

#include "base/result.hh"
#include "report/chart.hh"

namespace cuttle::report {

struct Table {
  std::vector<std::string> header;  // the first column is text, all others are numbers, aligned right
  std::vector<std::vector<std::string>> rows;
  std::string caption;
  bool all_text = false;  // no column holds numbers
};

enum class Verdict { good, bad, open };

class Page {
 public:
  // `lead`: one or two sentences below the title: what this page is.
  Page(std::string title, std::string lead);

  // The answer, in a box. `word`: what stands before it; empty: whether it holds.
  Page& verdict(Verdict verdict, const std::string& text, const std::string& word = "");
  Page& heading(const std::string& text);
  Page& paragraph(const std::string& text);
  Page& list(const std::vector<std::string>& items);
  Page& table(const Table& table);
  // Next to each other where the screen is wide enough, below each other on a phone.
  Page& figures(const std::vector<Chart>& charts);
  Page& figures(const std::vector<RowChart>& charts);
  // A <figure> of the caller's own making, across the page. The one thing that is not escaped here.
  Page& drawing(const std::string& figure);

  std::string html() const;

 private:
  Page& figure_row(const std::string& figures, size_t count);

  std::string title_;
  std::string body_;
};

// Writes through a temporary file, so that a reader never sees half of it.
Result<void> write_file(const std::string& path, const std::string& text);

// A table for the terminal, columns aligned with spaces.
std::string text_table(const Table& table);

}  // namespace cuttle::report
