// Programs of the system's, run to their ends.
#include "io/command.hh"

#include <gmock/gmock.h>

namespace cuttle {
namespace {

using testing::HasSubstr;

constexpr Duration kTimeout = seconds(20);

TEST(Command, SaysWhatItWroteAndHowItEnded) {
  const auto output = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"}, kTimeout);
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->status, 3);
  EXPECT_EQ(output->text, "out\nerr\n");
}

TEST(Command, OneThatDoesNotEndIsEnded) {
  const auto output = run_command({"sleep", "600"}, milliseconds(100));
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("sleep 600"));
}

TEST(Command, OneThatIsNotThereIsNamed) {
  const auto output = run_command({"no-such-program-of-cuttle"}, kTimeout);
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("no-such-program-of-cuttle"));
}

TEST(Command, AnotherStatusIsAnErrorWhereItMustBeGood) {
  const auto bad = run_good_command({"sh", "-c", "echo no >&2; exit 1"}, kTimeout);
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, HasSubstr("exit 1`: no"));
  EXPECT_EQ(run_good_command({"echo", "yes"}, kTimeout).value(), "yes\n");
}

// A shell that became root by `su` may lack /usr/sbin.
TEST(Command, AnAdministratorsProgramsAreFoundWithoutAPath) {
  const std::string before = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  EXPECT_THAT(find_program("sh"), HasSubstr("/sh"));
  setenv("PATH", before.c_str(), 1);
  EXPECT_EQ(find_program("./x"), "./x");
}

}  // namespace
}  // namespace cuttle
