// Requests and answers as octets: what was put in comes out, and nothing else is taken for one.
#include "helper/protocol.hh"

#include <gtest/gtest.h>

namespace cuttle::helper {
namespace {

std::string_view view(const RequestOctets& octets) {
  return {octets.data(), octets.size()};
}
std::string_view view(const AnswerHeadOctets& octets) {
  return {octets.data(), octets.size()};
}

TEST(HelperProtocol, every_request_comes_back) {
  for (uint8_t step = 1; step <= static_cast<uint8_t>(kLastStep); ++step) {
    const Request plain{static_cast<Step>(step), 0};
    EXPECT_EQ(parse_request(view(to_octets(plain))), plain);
  }
  const Request numbered{Step::open_lanes, 499};
  EXPECT_EQ(parse_request(view(to_octets(numbered))), numbered);
}

TEST(HelperProtocol, requests_are_of_one_size_and_kind) {
  const RequestOctets good = to_octets(Request{Step::guard_status, 0});
  const std::string text(view(good));
  EXPECT_FALSE(parse_request(""));
  EXPECT_FALSE(parse_request(text.substr(0, 3)));
  EXPECT_FALSE(parse_request(text + '\0'));
  RequestOctets changed = good;
  changed[0] = 'x';
  EXPECT_FALSE(parse_request(view(changed)));
  for (const int step : {0, static_cast<int>(kLastStep) + 1, 255}) {
    changed = good;
    changed[1] = static_cast<char>(step);
    EXPECT_FALSE(parse_request(view(changed))) << step;
  }
}

TEST(HelperProtocol, a_number_where_none_belongs_is_refused) {
  EXPECT_FALSE(parse_request(view(to_octets(Request{Step::take_back, 1}))));
  EXPECT_FALSE(parse_request(view(to_octets(Request{Step::read_configuration, 256}))));
}

TEST(HelperProtocol, answers_are_bounded) {
  const AnswerHead good{true, 3 * 255, 1 << 20};
  EXPECT_EQ(parse_answer_head(view(to_octets(good))), good);
  const AnswerHead refused{false, 0, 20};
  EXPECT_EQ(parse_answer_head(view(to_octets(refused))), refused);
  EXPECT_FALSE(parse_answer_head(view(to_octets(AnswerHead{true, kMostAnswerDescriptors + 1, 0}))));
  EXPECT_FALSE(parse_answer_head(view(to_octets(AnswerHead{true, 0, kMostAnswerOctets + 1}))));
  EXPECT_FALSE(parse_answer_head(view(to_octets(AnswerHead{false, 1, 0}))));
  EXPECT_FALSE(parse_answer_head(std::string(view(to_octets(good))).substr(1)));
}

TEST(HelperProtocol, what_answers_hold_comes_back) {
  const OpenPeers open{true, false, true};
  EXPECT_EQ(parse_open_peers(to_octets(open)), open);
  EXPECT_FALSE(parse_open_peers("\2"));
  GuardStatus status;
  status.unshaped_dropped_in = 7;
  status.unshaped_dropped_out = uint64_t{1} << 40;
  EXPECT_EQ(parse_guard_status(to_octets(status)), status);
  EXPECT_FALSE(parse_guard_status(to_octets(status) + '\0'));
  EXPECT_FALSE(parse_guard_status("short"));
}

}  // namespace
}  // namespace cuttle::helper
