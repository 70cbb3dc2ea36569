// The log does not hold up whoever writes it.
#include "cuttle/stderr_sink.hh"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>
#include <string>

namespace cuttle {
namespace {

using testing::HasSubstr;

// stderr as a pipe that holds two pages, and that nobody reads unless the test does.
class StderrSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(ends_.data()), 0);
    ASSERT_GE(fcntl(ends_[1], F_SETPIPE_SZ, 8192), 8192);
    ASSERT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
    before_ = dup(STDERR_FILENO);
    ASSERT_GE(dup2(ends_[1], STDERR_FILENO), 0);
    logger_.set_pattern("%v");
  }
  void TearDown() override {
    dup2(before_, STDERR_FILENO);
    for (const int fd : {ends_[0], ends_[1], before_}) close(fd);
  }
  std::string what_came() {
    std::string text(65536, '\0');
    const ssize_t got = read(ends_[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return text;
  }

  std::array<int, 2> ends_{};
  int before_ = -1;
  spdlog::logger logger_{"test", std::make_shared<StderrSink>()};
};

TEST_F(StderrSinkTest, LinesThatNobodyTakesAreLeftOutAndCounted) {
  for (int i = 0; i < 500; ++i) logger_.info("line {} of a log that nobody reads", i);  // or hangs here
  logger_.flush();
  EXPECT_THAT(what_came(), HasSubstr("line 0 of"));
  logger_.info("somebody reads again");
  logger_.flush();
  const std::string text = what_came();
  EXPECT_THAT(text, HasSubstr("lines left out"));
  EXPECT_THAT(text, HasSubstr("somebody reads again"));
}

TEST_F(StderrSinkTest, OtherwiseEveryLineComes) {
  logger_.info("one");
  logger_.info("two");
  logger_.flush();
  EXPECT_EQ(what_came(), "one\ntwo\n");
}

}  // namespace
}  // namespace cuttle
