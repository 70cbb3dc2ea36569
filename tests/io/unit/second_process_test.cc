// A second process: it answers as long as this one asks, and is gone when that ends, however it does.
#include "io/second_process.hh"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "io/clock.hh"

namespace cuttle {
namespace {

Instant soon() {
  return MonotonicClock().now() + seconds(10);
}

// Says its own number each time that it is asked anything.
void say_who(const Channel& channel) {
  while (channel.receive(soon())) {
    const std::string who = std::to_string(::getpid());
    if (!channel.send(who, {}, soon())) return;
  }
}

pid_t ask_who(const Channel& channel) {
  EXPECT_TRUE(channel.send(std::string("?"), {}, soon()));
  const auto answer = channel.receive(soon());
  return answer ? std::stoi(answer->bytes) : 0;
}

bool ends_soon(pid_t process) {
  for (int i = 0; i < 500; ++i) {
    if (::kill(process, 0) != 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST(SecondProcess, ends_with_its_channel) {
  pid_t second = 0;
  {
    auto channel = start_second_process("second", say_who);
    ASSERT_TRUE(channel) << channel.error().message;
    second = ask_who(*channel);
    ASSERT_GT(second, 0);
    ASSERT_NE(second, ::getpid());
    EXPECT_EQ(::kill(second, SIGTERM), 0);  // not its own to obey
    EXPECT_EQ(ask_who(*channel), second);
  }
  EXPECT_TRUE(ends_soon(second));
}

// Also while it is busy, and does not look at its channel.
TEST(SecondProcess, ends_with_the_process_that_started_it) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::signal(SIGCHLD, SIG_DFL);
  const pid_t first = ::fork();
  if (first == 0) {
    const auto channel = start_second_process("second", [&](const Channel&) {
      const pid_t self = ::getpid();
      (void)!::write(ends[1], &self, sizeof self);
      for (;;) ::pause();
    });
    for (;;) ::pause();
  }
  pid_t second = 0;
  ASSERT_EQ(::read(ends[0], &second, sizeof second), static_cast<ssize_t>(sizeof second));
  ::kill(first, SIGKILL);
  ::waitpid(first, nullptr, 0);
  EXPECT_TRUE(ends_soon(second));
  ::kill(second, SIGKILL);  // or whoever waits for our output would wait for it, too
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace cuttle
