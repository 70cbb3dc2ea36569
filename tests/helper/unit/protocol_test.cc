// Requests and answers as bytes: what was put in comes out, and nothing else is taken for one.
#include "helper/protocol.hh"

#include <gtest/gtest.h>

namespace cuttle::helper {
namespace {

std::string_view view(const RequestBytes& bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view view(const AnswerHeadBytes& bytes) {
  return {bytes.data(), bytes.size()};
}

TEST(HelperProtocol, every_request_comes_back) {
  for (uint8_t step = 1; step <= static_cast<uint8_t>(kLastStep); ++step) {
    const Request plain{static_cast<Step>(step), 0};
    EXPECT_EQ(parse_request(view(to_bytes(plain))), plain);
  }
  const Request numbered{Step::open_lanes, 499};
  EXPECT_EQ(parse_request(view(to_bytes(numbered))), numbered);
}

TEST(HelperProtocol, requests_are_of_one_size_and_kind) {
  const RequestBytes good = to_bytes(Request{Step::guard_status, 0});
  const std::string text(view(good));
  EXPECT_FALSE(parse_request(""));
  EXPECT_FALSE(parse_request(text.substr(0, 3)));
  EXPECT_FALSE(parse_request(text + '\0'));
  RequestBytes changed = good;
  changed[0] = 'x';
  EXPECT_FALSE(parse_request(view(changed)));
  for (const int step : {0, static_cast<int>(kLastStep) + 1, 255}) {
    changed = good;
    changed[1] = static_cast<char>(step);
    EXPECT_FALSE(parse_request(view(changed))) << step;
  }
}

TEST(HelperProtocol, a_number_where_none_belongs_is_refused) {
  EXPECT_FALSE(parse_request(view(to_bytes(Request{Step::take_back, 1}))));
  EXPECT_FALSE(parse_request(view(to_bytes(Request{Step::read_configuration, 256}))));
}

TEST(HelperProtocol, answers_are_bounded) {
  const AnswerHead good{true, kMaxAnswerDescriptors, 1 << 20};
  EXPECT_EQ(parse_answer_head(view(to_bytes(good))), good);
  const AnswerHead refused{false, 0, 20};
  EXPECT_EQ(parse_answer_head(view(to_bytes(refused))), refused);
  EXPECT_FALSE(parse_answer_head(view(to_bytes(AnswerHead{true, kMaxAnswerDescriptors + 1, 0}))));
  EXPECT_FALSE(parse_answer_head(view(to_bytes(AnswerHead{true, 0, kMaxAnswerBytes + 1}))));
  EXPECT_FALSE(parse_answer_head(view(to_bytes(AnswerHead{false, 1, 0}))));
  EXPECT_FALSE(parse_answer_head(std::string(view(to_bytes(good))).substr(1)));
}

TEST(HelperProtocol, what_answers_hold_comes_back) {
  const OpenPeers open{true, false, true};
  EXPECT_EQ(parse_open_peers(to_bytes(open)), open);
  EXPECT_FALSE(parse_open_peers("\2"));
  GuardStatus status;
  status.unshaped_dropped_in = 7;
  status.unshaped_dropped_out = uint64_t{1} << 40;
  status.checksum_wrong = 3;
  status.way_trouble = "it leaves by u0";
  EXPECT_EQ(parse_guard_status(to_bytes(status)), status);
  EXPECT_FALSE(parse_guard_status(to_bytes(status) + '\0'));
  EXPECT_FALSE(parse_guard_status("short"));
}

TEST(HelperProtocol, notes_on_lanes_come_back_whole_or_not_at_all) {
  const LaneNotes notes{"eth0", true, {true, false}};
  const std::string bytes = to_bytes(notes);
  EXPECT_EQ(parse_lane_notes(bytes), notes);
  EXPECT_EQ(parse_lane_notes(to_bytes(LaneNotes{})), LaneNotes{});
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_lane_notes(bytes.substr(0, size)));
  EXPECT_FALSE(parse_lane_notes(bytes + '\0'));
}

TEST(HelperProtocol, queues_come_back_whole_or_not_at_all) {
  QueueDoors doors;
  doors.why_not = "no interface leads to c";
  for (uint32_t shard = 0; shard < 2; ++shard) {
    QueueDoor door;
    door.shard = shard;
    door.underlay = "eth0";
    door.cell_bytes = {1452, 1472};
    door.draw_key.data()[0] = static_cast<uint8_t>(shard + 1);
    door.draw_key.data()[31] = 7;
    door.index = 0xfffffff0 + shard;
    if (shard == 1) door.instants = {InstantQueueKind::etf_of_card, milliseconds(3), 4};
    doors.queues.push_back(std::move(door));
  }
  const std::string bytes = to_bytes(doors);
  const auto back = parse_queue_doors(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->why_not, doors.why_not);
  ASSERT_EQ(back->queues.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    const QueueDoor& got = back->queues[i];
    EXPECT_EQ(got.shard, i);
    EXPECT_EQ(got.underlay, "eth0");
    EXPECT_EQ(got.cell_bytes, (std::vector<uint32_t>{1452, 1472}));
    EXPECT_EQ(got.draw_key, doors.queues[i].draw_key);
    EXPECT_EQ(got.index, doors.queues[i].index);
    EXPECT_EQ(got.instants, doors.queues[i].instants);
  }
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_queue_doors(bytes.substr(0, size)));
  EXPECT_FALSE(parse_queue_doors(bytes + '\0'));
}

TEST(HelperProtocol, a_queue_that_no_cell_goes_through_is_none) {
  QueueDoors doors;
  doors.queues.emplace_back();
  EXPECT_FALSE(parse_queue_doors(to_bytes(doors)));
}

TEST(HelperProtocol, what_became_of_queues_comes_back_whole_or_not_at_all) {
  LookNotes notes;
  notes.looks.push_back({"", "eth1", 4, 12, FileDescriptor()});
  notes.looks.push_back({"it is down (put back)", "", 17, 0, FileDescriptor()});
  notes.anew = {false, true};
  const std::string bytes = to_bytes(notes);
  const auto back = parse_look_notes(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->anew, notes.anew);
  ASSERT_EQ(back->looks.size(), 2u);
  EXPECT_EQ(back->looks[0].trouble, "");
  EXPECT_EQ(back->looks[0].underlay, "eth1");
  EXPECT_EQ(back->looks[0].dropped, 12u);
  EXPECT_EQ(back->looks[1].trouble, "it is down (put back)");
  EXPECT_EQ(back->looks[1].index, 17u);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(parse_look_notes(bytes.substr(0, size)));
  EXPECT_FALSE(parse_look_notes(bytes + '\0'));
}

}  // namespace
}  // namespace cuttle::helper
