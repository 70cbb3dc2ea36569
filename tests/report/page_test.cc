#include "report/page.hh"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/format.hh"
#include "report/html.hh"

namespace cuttle::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Escape, MakesTextSafe) {
  EXPECT_EQ(escape("a<b>&\"c\"'d'"), "a&lt;b&gt;&amp;&quot;c&quot;&#39;d&#39;");
  EXPECT_EQ(escape(std::string("x\0y\x1b", 4)), "x&#xfffd;y&#xfffd;");
  EXPECT_EQ(escape("Grüße\n"), "Grüße\n");
}

TEST(Page, EscapesWhateverItIsGiven) {
  const std::string evil = "<script>alert(1)</script>";
  Chart chart{evil, evil, {evil, Scale::linear, {}, {}}, {evil, Scale::linear, {}, {}}, {}, {}, {}};
  chart.series = {{evil, Mark::line, Colour::blue, {{1, 2, evil}, {2, 3, ""}}, 0},
                  {evil, Mark::dots, Colour::orange, {{1, 2, evil}}, 0}};
  chart.shades = {{1, 2, evil, Colour::grey}};
  chart.references = {{2, evil}};
  RowChart rows{
      evil, evil, {evil, Scale::linear, {}, {}}, {{evil, 1, {}, {}, Colour::blue, evil}}, {{1, evil}}};
  Page page(evil, evil);
  page.verdict(Verdict::good, evil).heading(evil).paragraph(evil).list({evil});
  page.table({{evil}, {{evil}}, evil}).figures(std::vector{chart}).figures(std::vector{rows});
  EXPECT_THAT(page.html(), Not(HasSubstr("<script")));
  EXPECT_THAT(page.html(), HasSubstr("&lt;script&gt;"));
}

TEST(Page, NeedsNothingFromOutside) {
  Page page("title", "lead");
  page.figures(std::vector<Chart>{{"c", "", {"x", {}, {}, {}}, {"y", {}, {}, {}}, {}, {}, {}}});
  for (const char* outside : {"http:", "https:", "src=", "href=", "@import", "url("}) {
    EXPECT_THAT(page.html(), Not(HasSubstr(outside)));
  }
}

std::string chart_of(const std::vector<Point>& points, Scale scale) {
  Chart chart{"t", "", {"x", Scale::linear, {}, {}}, {"y", scale, {}, {}}, {}, {}, {}};
  chart.series = {{"", Mark::line, Colour::blue, points, 0}};
  return figure(chart);
}

TEST(Chart, StrangeValuesNeverReachTheDrawing) {
  for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
    for (const auto& points :
         std::vector<std::vector<Point>>{{},
                                         {{0, 0, ""}},
                                         {{1, 5, ""}, {2, 5, ""}},
                                         {{NAN, 1, ""}, {1, NAN, ""}, {2, INFINITY, ""}, {3, 1, ""}},
                                         {{1, -5, ""}, {2, -7, ""}},
                                         {{1e18, 1e300, ""}, {2e18, 1e-300, ""}}}) {
      const std::string svg = chart_of(points, scale);
      EXPECT_THAT(svg, Not(HasSubstr("nan"))) << svg;
      EXPECT_THAT(svg, Not(HasSubstr("inf"))) << svg;
    }
  }
}

TEST(Chart, TicksAreRoundNumbersThatCoverTheData) {
  const std::string svg = chart_of({{0, 0, ""}, {100, 873, ""}}, Scale::linear);
  for (const char* tick : {">0<", ">200<", ">1k<", ">20<", ">100<"}) EXPECT_THAT(svg, HasSubstr(tick));
  const std::string log = chart_of({{0, 3, ""}, {1, 40'000, ""}}, Scale::logarithmic);
  for (const char* tick : {">1<", ">10<", ">100k<"}) EXPECT_THAT(log, HasSubstr(tick));
}

TEST(Format, NumbersForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(three_digits(12034.9), "12,035");
  EXPECT_EQ(three_digits(101.23), "101");
  EXPECT_EQ(three_digits(9.53), "9.53");
  EXPECT_EQ(three_digits(0.0123), "0.0123");
  EXPECT_EQ(three_digits(-2500), "-2,500");
  EXPECT_EQ(three_digits(NAN), "-");
  EXPECT_EQ(short_number(12'000), "12k");
  EXPECT_EQ(short_number(1'500'000), "1.5M");
  EXPECT_EQ(short_number(0.2), "0.2");
  EXPECT_EQ(bytes_text(63'600'000), "63.6 MB");
  EXPECT_EQ(bytes_text(999'999), "1 MB");
  EXPECT_EQ(percent(0.0123), "1.23 %");
  EXPECT_EQ(nanoseconds_text(12'500), "12.5 us");
}

TEST(TextTable, AlignsNumbersToTheRight) {
  EXPECT_EQ(text_table({{"", "idle", "busy"}, {{"packets", "1", "12,345"}}, "Seen"}),
            "Seen\n           idle    busy\n  packets     1  12,345\n");
}

TEST(WriteFile, ReplacesAndReports) {
  const auto folder = std::filesystem::temp_directory_path();
  const std::string path = (folder / "cuttle-write-file-test.html").string();
  ASSERT_TRUE(write_file(path, "one"));
  ASSERT_TRUE(write_file(path, "two"));
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "two");
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  std::filesystem::remove(path);
  const auto missing = write_file("/nonexistent/x.html", "one");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/x.html: cannot write"));
}

}  // namespace
}  // namespace cuttle::report
