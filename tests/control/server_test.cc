// The control server against clients of every kind. Time is the test's own.
#include "control/server.hh"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "../temporary_folder.hh"
#include "control/client.hh"

namespace cuttle {
namespace {

class ControlTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = (folder_ / "run/a.sock").string();
    server_ = open();
    ASSERT_NE(server_, nullptr);
  }
  void TearDown() override { server_.reset(); }

  std::unique_ptr<ControlServer> open() {
    auto server = ControlServer::open(path_,
                                      [this](const std::string& request) -> Result<std::string> {
                                        ++requests_;
                                        if (request == "status") return document_;
                                        return failure("no such request: " + request);
                                      },
                                      {.clients = 4, .request_bytes = 100, .client_time = seconds(2)});
    if (!server) {
      error_ = server.error().message;
      return nullptr;
    }
    return std::move(*server);
  }

  // One turn of the agent's loop, as long as anything is ready now.
  void run(Instant now = {}) {
    for (int turn = 0; turn < 1000; ++turn) {
      auto fds = server_->poll_fds();
      if (::poll(fds.data(), fds.size(), 0) <= 0) return;
      server_->handle_ready(now, fds);
    }
    FAIL() << "the server never comes to rest";
  }

  FileDescriptor connect() {
    FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), address.sun_path);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static void send(const FileDescriptor& fd, std::string_view text) {
    EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // What has arrived so far.
  static std::string received(const FileDescriptor& fd) {
    std::string text;
    char piece[65536];
    for (ssize_t got = 0; (got = ::recv(fd.get(), piece, sizeof piece, 0)) > 0;) {
      text.append(piece, static_cast<size_t>(got));
    }
    return text;
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  std::string path_;
  std::string document_ = R"({"node":"a"})";
  std::string error_;
  int requests_ = 0;
  std::unique_ptr<ControlServer> server_;
};

constexpr std::string_view kStatus = "{\"request\":\"status\"}\n";

TEST_F(ControlTest, AnswersAndCloses) {
  const FileDescriptor client = connect();
  send(client, kStatus);
  run();
  EXPECT_EQ(received(client), "{\"node\":\"a\"}\n");
  char byte = 0;
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), 0);
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlTest, OnlyTheOwnerMayConnect) {
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(ControlTest, ARequestInPiecesIsPutTogether) {
  const FileDescriptor client = connect();
  for (const char c : kStatus) {
    send(client, {&c, 1});
    run();
  }
  EXPECT_EQ(received(client), "{\"node\":\"a\"}\n");
}

TEST_F(ControlTest, TheEndOfInputEndsTheLine) {
  const FileDescriptor client = connect();
  send(client, kStatus.substr(0, kStatus.size() - 1));
  ::shutdown(client.get(), SHUT_WR);
  run();
  EXPECT_EQ(received(client), "{\"node\":\"a\"}\n");
}

TEST_F(ControlTest, GarbageGetsOneErrorLine) {
  for (const std::string text : {"\n", "\xff\xfe\n", "status\n", "[[[[[[\n", "{\"request\":7}\n",
                                 "{\"request\":\"reboot\"}\n", "GET / HTTP/1.1\r\n\r\n"}) {
    const FileDescriptor client = connect();
    send(client, text);
    run();
    const std::string answer = received(client);
    if (text == "\n") {
      EXPECT_EQ(answer, "");
    } else {
      EXPECT_THAT(answer, testing::StartsWith("{\"error\":\"")) << text;
      EXPECT_THAT(answer, testing::EndsWith("\"}\n")) << text;
    }
    EXPECT_EQ(server_->clients(), 0u);
  }
}

TEST_F(ControlTest, AnEndlessRequestIsCutOff) {
  const FileDescriptor client = connect();
  send(client, std::string(60'000, 'x'));
  run();
  EXPECT_THAT(received(client), testing::HasSubstr("longer than 100 bytes"));
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlTest, ASilentClientIsDroppedInTime) {
  const FileDescriptor client = connect();
  run(Instant{seconds(10).ns});
  ASSERT_EQ(server_->clients(), 1u);
  EXPECT_EQ(server_->next_timeout(), Instant{seconds(12).ns});
  server_->handle_timeout(Instant{seconds(12).ns - 1});
  EXPECT_EQ(server_->clients(), 1u);
  server_->handle_timeout(Instant{seconds(12).ns});
  EXPECT_EQ(server_->clients(), 0u);
  EXPECT_EQ(server_->next_timeout(), Instant::never());
}

TEST_F(ControlTest, DribblingDoesNotBuyTime) {
  const FileDescriptor client = connect();
  for (int second = 0; second < 2; ++second) {
    send(client, "{");
    run(Instant{seconds(second).ns});
  }
  EXPECT_EQ(server_->clients(), 1u);
  server_->handle_timeout(Instant{seconds(2).ns});
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlTest, AClientThatNeverReadsHoldsUpNobody) {
  document_ = "{\"node\":\"" + std::string(4'000'000, 'a') + "\"}";
  const FileDescriptor deaf = connect();
  send(deaf, kStatus);
  run();
  EXPECT_EQ(server_->clients(), 1u);
  document_ = R"({"node":"b"})";
  const FileDescriptor other = connect();
  send(other, kStatus);
  run();
  EXPECT_EQ(received(other), "{\"node\":\"b\"}\n");
  server_->handle_timeout(Instant{seconds(2).ns});
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlTest, ALongAnswerArrivesWhole) {
  document_ = "{\"node\":\"" + std::string(4'000'000, 'a') + "\"}";
  const FileDescriptor client = connect();
  send(client, kStatus);
  std::string all;
  for (int turn = 0; turn < 1000 && server_->clients() + all.size() < document_.size() + 1; ++turn) {
    run();
    all += received(client);
  }
  all += received(client);
  EXPECT_EQ(all, document_ + "\n");
}

TEST_F(ControlTest, ClientsBeyondTheLimitWaitTheirTurn) {
  std::vector<FileDescriptor> idle;
  for (int i = 0; i < 7; ++i) idle.push_back(connect());
  run();
  EXPECT_EQ(server_->clients(), 4u);
  const FileDescriptor late = connect();
  send(late, kStatus);
  run();
  EXPECT_EQ(received(late), "");
  run(Instant{seconds(3).ns});
  server_->handle_timeout(Instant{seconds(3).ns});
  run(Instant{seconds(3).ns});
  server_->handle_timeout(Instant{seconds(6).ns});
  run(Instant{seconds(6).ns});
  EXPECT_EQ(received(late), "{\"node\":\"a\"}\n");
}

TEST_F(ControlTest, ClientsThatGoAwayAtOnceLeaveNothing) {
  for (int i = 0; i < 20; ++i) {
    FileDescriptor client = connect();
    if (i % 2 == 0) send(client, kStatus);
    client = FileDescriptor();
    run();
  }
  EXPECT_EQ(server_->clients(), 0u);
}

TEST_F(ControlTest, RunningOutOfDescriptorsDoesNotSpin) {
  const FileDescriptor client = connect();
  ControlServer& server = *server_;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::dup(client.get());
  ::close(lowest_free);
  const rlimit none{static_cast<rlim_t>(lowest_free), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  // Plain calls only: the undefined-behaviour sanitizer needs descriptors to look at the test's own object.
  auto fds = server.poll_fds();
  ::poll(fds.data(), fds.size(), 0);
  server.handle_ready(Instant{0}, fds);
  const bool still_waits_for_clients = !server.poll_fds().empty();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(still_waits_for_clients);
  EXPECT_EQ(server_->clients(), 0u);
  EXPECT_EQ(server_->next_timeout(), Instant{milliseconds(100).ns});
  server_->handle_timeout(Instant{milliseconds(100).ns});
  run(Instant{milliseconds(100).ns});
  EXPECT_EQ(server_->clients(), 1u);
}

TEST_F(ControlTest, ASecondAgentIsRefusedAndTheFirstGoesOn) {
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(error_, testing::HasSubstr("another agent answers there, a program of user " +
                                         std::to_string(::geteuid())));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

// Where others can have the path, a program of theirs would keep addresses open, or all from being taken
// down.
TEST_F(ControlTest, WhoeverListensIsAnAgentWhereItsUserMayBeOne) {
  std::vector<uid_t> asked;
  const auto is_there = [&](bool may_be) {
    return agent_is_there(path_, [&, may_be](uid_t user) {
      asked.push_back(user);
      return may_be;
    });
  };
  EXPECT_EQ(is_there(true), true);
  EXPECT_EQ(is_there(false), false);
  // Its queue is full: whose the file is.
  std::vector<FileDescriptor> waiting;
  for (int i = 0; i < 100; ++i) {
    FileDescriptor one(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), address.sun_path);
    if (::connect(one.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) break;
    waiting.push_back(std::move(one));
  }
  ASSERT_LT(waiting.size(), 100u);
  EXPECT_EQ(is_there(true), true);
  EXPECT_EQ(is_there(false), false);
  EXPECT_EQ(asked, std::vector<uid_t>(4, ::geteuid()));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path_.c_str(), 65534, 65534), 0);
    EXPECT_EQ(is_there(false), false);
    EXPECT_EQ(asked.back(), 65534u);
  }
  server_.reset();
  EXPECT_EQ(is_there(true), false);
}

TEST_F(ControlTest, TheSocketOfADeadAgentIsReplaced) {
  // A dead agent: its socket stays, nobody listens.
  server_.reset();
  {
    FileDescriptor dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), address.sun_path);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  server_ = open();
  ASSERT_NE(server_, nullptr) << error_;
  const FileDescriptor client = connect();
  send(client, kStatus);
  run();
  EXPECT_EQ(received(client), "{\"node\":\"a\"}\n");
}

TEST_F(ControlTest, AFileThatIsNoSocketIsLeftAlone) {
  server_.reset();
  std::ofstream(path_) << "precious";
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(error_, testing::HasSubstr("no socket"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ControlTest, TheSocketGoesWithTheServerButNotItsSuccessors) {
  std::unique_ptr<ControlServer> first = std::move(server_);
  std::filesystem::remove(path_);
  server_ = open();
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ControlTest, APathTooLongIsAnError) {
  path_ = "/tmp/" + std::string(120, 'a');
  EXPECT_EQ(open(), nullptr);
  EXPECT_THAT(error_, testing::HasSubstr("1 to 107 characters"));
}

class ControlClientTest : public ControlTest {
 protected:
  // Runs the server on a thread of its own while `ask` runs here.
  Result<std::string> ask(std::string_view request) {
    std::atomic<bool> stop{false};
    std::thread agent([&] {
      while (!stop) {
        auto fds = server_->poll_fds();
        if (::poll(fds.data(), fds.size(), 10) > 0) server_->handle_ready(Instant{}, fds);
      }
    });
    auto answer = ask_agent(path_, request, seconds(20));
    stop = true;
    agent.join();
    return answer;
  }
};

TEST_F(ControlClientTest, GetsTheDocument) {
  const auto answer = ask("status");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*answer, "{\"node\":\"a\"}\n");
}

TEST_F(ControlClientTest, GetsALongDocument) {
  document_ = "{\"node\":\"" + std::string(3'000'000, 'a') + "\"}";
  const auto answer = ask("status");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->size(), document_.size() + 1);
}

TEST_F(ControlClientTest, ReportsTheAgentsError) {
  const auto answer = ask("reboot");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "the agent says: no such request: reboot");
}

TEST_F(ControlClientTest, SaysThatNoAgentRuns) {
  server_.reset();
  const auto answer = ask_agent(path_, "status", seconds(5));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "control socket " + path_ + ": no agent is running there");
}

TEST_F(ControlClientTest, DoesNotWaitForeverForAStuckAgent) {
  const auto answer = ask_agent(path_, "status", milliseconds(50));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, testing::HasSubstr("no answer in time"));
}

TEST_F(ControlClientTest, FindsTheSockets) {
  std::ofstream(folder_ / "run/b.sock") << "no socket";
  EXPECT_THAT(find_control_sockets((folder_ / "run").string()), testing::ElementsAre(path_));
  EXPECT_THAT(find_control_sockets("/nowhere"), testing::IsEmpty());
}

}  // namespace
}  // namespace cuttle
