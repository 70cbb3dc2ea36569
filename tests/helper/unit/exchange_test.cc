// A question and its answer over a real channel, with descriptors; and what a far end may do wrong.
#include "helper/exchange.hh"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <thread>

#include "io/clock.hh"

namespace cuttle::helper {
namespace {

Instant soon(Duration after = seconds(10)) {
  return MonotonicClock().now() + after;
}

class ExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    auto ends = Channel::make_pair();
    ASSERT_TRUE(ends);
    near_ = std::make_unique<Channel>(std::move(ends->first));
    far_ = std::make_unique<Channel>(std::move(ends->second));
  }
  // What the near end hears when the far one answers so.
  Result<Heard> heard(const Answer& answer) {
    std::thread far([&] {
      ASSERT_TRUE(far_->receive(soon()));
      EXPECT_TRUE(send_answer(*far_, answer, soon()));
    });
    auto result = ask(*near_, {Step::guard_status, 0}, soon());
    far.join();
    return result;
  }
  Result<Heard> heard_of(std::vector<std::string> messages) {
    for (const std::string& message : messages) EXPECT_TRUE(far_->send(message, {}, soon()));
    return ask(*near_, {Step::guard_status, 0}, soon(milliseconds(100)));
  }
  static std::string head(const AnswerHead& head) {
    const auto bytes = to_bytes(head);
    return {bytes.data(), bytes.size()};
  }

  std::unique_ptr<Channel> near_;
  std::unique_ptr<Channel> far_;
};

TEST_F(ExchangeTest, long_answers_and_many_descriptors_arrive_whole) {
  Answer answer;
  answer.done = true;
  for (size_t i = 0; i < 3 * Channel::kMaxBytes + 17; ++i) answer.bytes += static_cast<char>(i % 251);
  const FileDescriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  answer.descriptors.assign(150, null.get());
  const auto got = heard(answer);
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE(got->done);
  EXPECT_EQ(got->bytes, answer.bytes);
  ASSERT_EQ(got->descriptors.size(), 150u);
  for (const FileDescriptor& fd : got->descriptors) {
    EXPECT_NE(fd.get(), null.get());
    EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  }
}

TEST_F(ExchangeTest, a_refusal_brings_its_reason) {
  Answer answer;
  answer.bytes = "not now";
  const auto got = heard(answer);
  ASSERT_TRUE(got);
  EXPECT_FALSE(got->done);
  EXPECT_EQ(got->bytes, "not now");
}

TEST_F(ExchangeTest, what_is_no_answer_is_an_error) {
  EXPECT_FALSE(heard_of({"hello"}));
}
TEST_F(ExchangeTest, more_than_it_says_is_an_error) {
  EXPECT_FALSE(heard_of({head({true, 0, 3}), "abcd"}));
}
TEST_F(ExchangeTest, descriptors_that_do_not_come_are_an_error) {
  EXPECT_FALSE(heard_of({head({true, 1, 0}), std::string(1, '\0')}));
}
TEST_F(ExchangeTest, less_than_it_says_is_an_error_once_the_time_is_up) {
  EXPECT_FALSE(heard_of({head({true, 0, 3}), "ab"}));
}
TEST_F(ExchangeTest, an_end_that_is_gone_is_noticed) {
  EXPECT_TRUE(near_->is_open());
  far_.reset();
  EXPECT_FALSE(near_->is_open());
  EXPECT_FALSE(ask(*near_, {Step::guard_status, 0}, soon()));
}

}  // namespace
}  // namespace cuttle::helper
