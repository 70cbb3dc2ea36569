#include "report/page.hh"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "report/html.hh"
#include "report/style.hh"

namespace cuttle::report {

Page::Page(std::string title, std::string lead) : title_(std::move(title)) {
  body_ = fmt::format("<h1>{}</h1>\n", escape(title_));
  if (!lead.empty()) body_ += fmt::format("<p class=\"lead\">{}</p>\n", escape(lead));
}

Page& Page::verdict(Verdict verdict, const std::string& text, const std::string& word) {
  // A word beside the colour: not everyone sees the colour, and paper may not show it.
  constexpr const char* kClasses[] = {"good", "bad", "open"};
  constexpr const char* kWords[] = {"Holds.", "Does not hold.", "Not judged."};
  const auto index = static_cast<size_t>(verdict);
  body_ += fmt::format("<p class=\"verdict {}\"><span class=\"word\">{}</span>{}</p>\n", kClasses[index],
                       word.empty() ? kWords[index] : escape(word), escape(text));
  return *this;
}

Page& Page::heading(const std::string& text) {
  body_ += fmt::format("<h2>{}</h2>\n", escape(text));
  return *this;
}

Page& Page::paragraph(const std::string& text) {
  body_ += fmt::format("<p>{}</p>\n", escape(text));
  return *this;
}

Page& Page::list(const std::vector<std::string>& items) {
  body_ += "<ul>\n";
  for (const std::string& item : items) body_ += fmt::format("<li>{}</li>\n", escape(item));
  body_ += "</ul>\n";
  return *this;
}

Page& Page::table(const Table& table) {
  body_ +=
      table.all_text ? "<div class=\"scroll\"><table class=\"words\">\n" : "<div class=\"scroll\"><table>\n";
  if (!table.caption.empty()) body_ += fmt::format("<caption>{}</caption>\n", escape(table.caption));
  if (!table.header.empty()) {
    body_ += "<thead><tr>";
    for (const std::string& cell : table.header) {
      body_ += fmt::format("<th scope=\"col\">{}</th>", escape(cell));
    }
    body_ += "</tr></thead>\n";
  }
  body_ += "<tbody>\n";
  for (const auto& row : table.rows) {
    body_ += "<tr>";
    for (const std::string& cell : row) body_ += fmt::format("<td>{}</td>", escape(cell));
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
  return *this;
}

Page& Page::figure_row(const std::string& figures, size_t count) {
  body_ += fmt::format("<div class=\"figures {}\">\n{}</div>\n", count == 1 ? "single" : "pair", figures);
  return *this;
}

Page& Page::figures(const std::vector<Chart>& charts) {
  std::string all;
  for (const Chart& chart : charts) all += figure(chart);
  return figure_row(all, charts.size());
}

Page& Page::figures(const std::vector<RowChart>& charts) {
  std::string all;
  for (const RowChart& chart : charts) all += figure(chart);
  return figure_row(all, charts.size());
}

Page& Page::drawing(const std::string& figure) {
  body_ += figure;
  return *this;
}

std::string Page::html() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}<footer>Cuttle {}</footer>\n"
      "</body>\n</html>\n",
      escape(title_), kStyleSheet, body_, CUTTLE_VERSION);
}

Result<void> write_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".part";
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file)
      return failure(fmt::format("{}: cannot write; is the folder there and the disk not full?", path));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return failure(fmt::format("{}: cannot write: {}", path, error.message()));
  return {};
}

}  // namespace cuttle::report
