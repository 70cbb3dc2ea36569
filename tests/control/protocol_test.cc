// What an agent says comes from a process that parses strangers' datagrams, and goes to root's terminal.
#include "control/protocol.hh"

#include <gtest/gtest.h>

#include <string>

#include "base/printable.hh"
#include "control/status.hh"

namespace cuttle {
namespace {

using namespace std::string_literals;

TEST(Printable, LeavesTextAlone) {
  for (const std::string& text : {"osd0, 12 % \xc3\xa4 \xe2\x82\xac \xf0\x9f\xa6\x91"s, ""s, "\xe2\x80\x94"s})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, ReplacesWhatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[2Jb\rc\bd\ae\x7f\tf\ng"), "a?[2Jb?c?d?e??f?g");
  EXPECT_EQ(printable("a\nb\r\n", true), "a\nb?\n");
  EXPECT_EQ(printable("\0x"s), "?x");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m")
      << "CSI in one character";
  EXPECT_EQ(printable("\xe2\x80\xaeup\xe2\x81\xa6\xe2\x80\x8f\xd8\x9c"), "?up???");
  EXPECT_EQ(printable("\xe2\x80"), "\xe2\x80") << "cut off";
}

TEST(Response, OfAnAgentOfOursIsWhatItSaid) {
  const std::string document = to_json(StatusSnapshot{.node = "osd0"});
  const auto response = parse_response(document);
  ASSERT_TRUE(response);
  EXPECT_EQ(*response, document);
}

TEST(Response, NoTextOfItReachesTheTerminalAsACommand) {
  const auto response =
      parse_response(R"({"node":"a\u001b]0;x\u0007","links":[{"name":"b\r","drops":{"\u009bx":1}}]})");
  ASSERT_TRUE(response);
  const auto status = status_from_json(*response);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(status->node, "a?]0;x?");
  EXPECT_EQ(status->links[0].name, "b?");
  EXPECT_EQ(status->links[0].drops.begin()->first, "?x");
}

TEST(Response, NorDoesTheTextOfAnError) {
  const auto response = parse_response(R"({"error":"first\n\u001b[31msecond"})");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().message, "the agent says: first\n?[31msecond");
}

TEST(Response, ADeepOneIsCutOff) {
  const auto response = parse_response(std::string(100'000, '[') + std::string(100'000, ']'));
  ASSERT_TRUE(response);
  EXPECT_LT(response->size(), 1000u);
}

}  // namespace
}  // namespace cuttle
