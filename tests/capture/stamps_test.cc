// Stamps that cannot be believed are said, with the packet's number.
#include <gmock/gmock.h>

#include "capture/stamp_check.hh"
#include "capture_fixture.hh"

namespace cuttle::capture {
namespace {

using testing::HasSubstr;

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kS = 1000 * kMs;

std::string verdict(const std::vector<int64_t>& stamps_ns, Duration tolerance = kLittleDisorder) {
  StampCheck check(tolerance);
  for (size_t i = 0; i < stamps_ns.size(); ++i) {
    const auto good = check.handle_stamp(i + 1, Instant{1'700'000'000 * kS + stamps_ns[i]}, 1);
    if (!good) return good.error().message;
  }
  return "good";
}

TEST(Stamps, OrderEqualityPausesAndALittleDisorderAreFine) {
  EXPECT_EQ(verdict({0, 1, 1, 5 * kS, 5 * kS + 9 * kMs, 5 * kS, 90 * kS}), "good");
}

TEST(Stamps, OneAheadOfItsNeighbours) {
  EXPECT_THAT(verdict({0, kMs, 2 * kMs, 200 * kS, 3 * kMs, 4 * kMs}),
              HasSubstr("packet 4 is stamped 199.997 s ahead of the packets around"));
  EXPECT_THAT(verdict({0, kMs, 200 * kS, 200 * kS + 1, 2 * kMs}),
              HasSubstr("packets 3-4 are stamped 199.998 s ahead of the packets around"));
  EXPECT_THAT(verdict({0, 200 * kS, kMs}), HasSubstr("(editcap FILE NEW 2)"));
}

TEST(Stamps, BackwardsIsNotAhead) {
  EXPECT_THAT(verdict({0, 400 * kMs, 800 * kMs, 700 * kMs}),
              HasSubstr("packet 4 is stamped 0.100 s before packet 3: the clock was set back"));
  // A pause long ago does not make the packets since then stray.
  std::vector<int64_t> long_run{0, kS};
  for (int64_t i = 1; i < 1000; ++i) long_run.push_back(kS + i * kMs);
  long_run.push_back(kS);
  EXPECT_THAT(verdict(long_run), HasSubstr("packet 1002 is stamped 0.999 s before packet 1001"));
  EXPECT_EQ(verdict({0, 400 * kMs, 800 * kMs, 700 * kMs}, seconds(5)), "good");
}

// A CPU that is kept busy hands its packets over later than another one, stamped as they came in.
TEST(Stamps, DirectionsMayBeFurtherApartThanPacketsOfOne) {
  StampCheck check(kLittleDisorder);
  const auto at = [](int64_t ms) { return Instant{1'700'000'000 * kS + ms * kMs}; };
  ASSERT_TRUE(check.handle_stamp(1, at(0), 1));
  ASSERT_TRUE(check.handle_stamp(2, at(80), 1));
  ASSERT_TRUE(check.handle_stamp(3, at(0), 2));
  ASSERT_TRUE(check.handle_stamp(4, at(70), 2));
  ASSERT_TRUE(check.handle_stamp(5, at(81), 1));
  const auto back = check.handle_stamp(6, at(50), 2);
  ASSERT_FALSE(back);
  EXPECT_THAT(back.error().message, HasSubstr("packet 6 is stamped 0.020 s before packet 4"));
  EXPECT_FALSE(check.handle_stamp(7, at(-20), 3));
}

TEST(Stamps, DaysApart) {
  EXPECT_THAT(verdict({-600'000'000 * kS, 0, kMs}),
              HasSubstr("packet 2 is stamped 6944.4 days after packet 1"));
}

class StampsOfAFile : public CaptureTest {};

TEST_F(StampsOfAFile, TheFileIsNamed) {
  auto writer = CaptureWriter::create(path("s.pcap"));
  for (uint32_t i = 0; i < 10; ++i) (*writer)->write(cell(kS + (i == 6 ? 200 * kS : i * kMs), i));
  ASSERT_TRUE((*writer)->finish());
  auto file = CaptureFile::open(path("s.pcap"));
  const auto records = read_all(**file);
  ASSERT_FALSE(records);
  EXPECT_THAT(records.error().message, HasSubstr("s.pcap: packet 7 is stamped"));
}

TEST_F(StampsOfAFile, AStrayAtTheEndIsNotTheEnd) {
  auto writer = CaptureWriter::create(path("s.pcap"));
  for (uint32_t i = 0; i < 10; ++i) (*writer)->write(cell(kS + (i == 9 ? 200 * kS : i * kMs), i));
  ASSERT_TRUE((*writer)->finish());
  auto file = CaptureFile::open(path("s.pcap"));
  const auto records = read_all(**file);
  ASSERT_TRUE(records);
  EXPECT_EQ(records->size(), 10u);
  EXPECT_EQ((*file)->counts().last.ns, kS + 8 * kMs);
}

}  // namespace
}  // namespace cuttle::capture
