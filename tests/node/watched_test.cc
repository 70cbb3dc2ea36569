// What is said of something that others may take away: what is known of it, once.
#include "node/watched.hh"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>

namespace cuttle {
namespace {

class WatchedTest : public ::testing::Test {
 protected:
  WatchedTest() {
    auto log =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    log->set_pattern("%l: %v");
    spdlog::set_default_logger(std::move(log));
  }
  ~WatchedTest() override { spdlog::set_default_logger(before_); }

  // What is said of one round.
  std::string look(const Result<bool>& whole, const Result<void>& put_back = {}) {
    text_.str("");
    watched_.handle_look(
        whole,
        [&] {
          ++put_back_;
          return put_back;
        },
        {.name = "the guard", .missing = "the guard is gone", .is_back = "the guard was gone, and is back"});
    return text_.str();
  }

  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  Watched watched_;
  int put_back_ = 0;
};

const tl::unexpected<Error> kNoLook = failure("no memory");
const tl::unexpected<Error> kNoWay = failure("no such device");

TEST_F(WatchedTest, WhatIsWholeIsLeftAlone) {
  EXPECT_EQ(look(true), "");
  EXPECT_EQ(put_back_, 0);
}

TEST_F(WatchedTest, WhatWasMissingIsBack) {
  EXPECT_EQ(look(false), "warning: the guard was gone, and is back\n");
  EXPECT_EQ(look(true), "");
  EXPECT_EQ(put_back_, 1);
  EXPECT_EQ(look(false), "warning: the guard was gone, and is back\n");
}

TEST_F(WatchedTest, AFailedLookSaysNothingOfWhatIsThere) {
  EXPECT_EQ(look(kNoLook),
            "warning: the guard could not be looked at, and was set once more to be sure: no memory\n");
  EXPECT_EQ(put_back_, 1) << "it may be missing";
  EXPECT_EQ(look(kNoLook), "") << "said once";
  EXPECT_EQ(look(true), "");
}

TEST_F(WatchedTest, WhatCannotBePutBackIsSaidOnce) {
  EXPECT_EQ(look(false, kNoWay), "error: the guard is gone and cannot be put back: no such device\n");
  EXPECT_EQ(look(false, kNoWay), "");
  EXPECT_EQ(look(kNoLook, kNoWay),
            "error: the guard can neither be looked at nor set: no memory; no such device\n");
  EXPECT_EQ(put_back_, 3);
}

}  // namespace
}  // namespace cuttle
