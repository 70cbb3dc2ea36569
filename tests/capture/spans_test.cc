#include "capture/spans.hh"

#include <gmock/gmock.h>

namespace cuttle::capture {
namespace {

using testing::HasSubstr;

constexpr const char* kHeaderLine = "start_ns,end_ns,class\n";

std::string error_of(const std::string& body) {
  const auto spans = parse_spans(kHeaderLine + body, "s.csv");
  return spans ? "no error" : spans.error().message;
}

TEST(Spans, ReadInTheOrderOfTime) {
  const auto spans = parse_spans("start_ns,end_ns,class\r\n20,30,write-4m\r\n\n0,20,idle\n", "s.csv");
  ASSERT_TRUE(spans) << spans.error().message;
  ASSERT_EQ(spans->size(), 2u);
  EXPECT_EQ(spans->at(0).label, "idle");
  EXPECT_EQ(spans->at(1).label, "write-4m");
  EXPECT_EQ(spans->at(1).line, 2u);
  EXPECT_EQ(find_span(*spans, Instant{19})->label, "idle");
  EXPECT_EQ(find_span(*spans, Instant{20})->label, "write-4m");
  EXPECT_EQ(find_span(*spans, Instant{30}), nullptr);
  EXPECT_EQ(find_span(*spans, Instant{-1}), nullptr);
  const auto again = parse_spans(spans_text(*spans), "t.csv");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->at(1).start.ns, 20);
}

TEST(Spans, EveryMistakeNamesItsLine) {
  EXPECT_THAT(parse_spans("1,2,idle\n", "s.csv").error().message, HasSubstr("s.csv:1: the first line must"));
  EXPECT_THAT(error_of("0,10,idle\n5,20,write\n"), HasSubstr("s.csv:3: the span overlaps the one in line 2"));
  EXPECT_THAT(error_of("10,10,idle\n"), HasSubstr("s.csv:2: the span ends (10) before or when it starts"));
  EXPECT_THAT(error_of("0,10,idle\n20,15,idle\n"), HasSubstr("s.csv:3:"));
  EXPECT_THAT(error_of("0,ten,idle\n"), HasSubstr("`ten` is not a time"));
  EXPECT_THAT(error_of("-1,10,idle\n"), HasSubstr("`-1` is not a time"));
  EXPECT_THAT(error_of("0,10\n"), HasSubstr("expected three fields"));
  EXPECT_THAT(error_of("0,10,\n"), HasSubstr("not a class name"));
  EXPECT_THAT(error_of("0,10,a,b\n"), HasSubstr("not a class name"));
  EXPECT_THAT(error_of(""), HasSubstr("no spans"));
  EXPECT_THAT(read_spans("/nonexistent/s.csv").error().message, HasSubstr("cannot read"));
}

TEST(Spans, OutsideTheCapture) {
  const int64_t second = 1'000'000'000;
  const std::vector<Span> spans = {{Instant{10 * second}, Instant{20 * second}, "idle", 2}};
  EXPECT_TRUE(check_spans_inside(spans, "s.csv", Instant{11 * second}, Instant{19 * second}));
  const auto early = check_spans_inside(spans, "s.csv", Instant{13 * second}, Instant{30 * second});
  ASSERT_FALSE(early);
  EXPECT_THAT(early.error().message, HasSubstr("s.csv:2: the span starts 3.000 s before"));
  const auto late = check_spans_inside(spans, "s.csv", Instant{}, Instant{15 * second});
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("ends 5.000 s after"));
}

}  // namespace
}  // namespace cuttle::capture
