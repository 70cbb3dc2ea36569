// The traced client as a process, with stand-ins for it: shell scripts that hang, crash and lie.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../temporary_folder.hh"
#include "io/child_process.hh"
#include "trace/cluster.hh"
#include "trace/gather.hh"
#include "trace/traced_client.hh"

namespace cuttle::trace {
namespace {

class StandIn : public testing::Test {
 protected:
  ClientOptions client(const std::string& script, double timeout_s) {
    const std::string path = folder_ + "/client";
    std::ofstream(path) << "#!/bin/bash\n" << script << "\n";
    chmod(path.c_str(), 0755);
    ClientOptions options;
    options.program = path;
    options.timeout_s = timeout_s;
    return options;
  }

  const TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path().string();
  const OperationWanted wanted_{true, "pool", "object", "/dev/null"};
};

TEST_F(StandIn, AClientThatHangsIsEndedInTime) {
  GatherOptions options;
  options.client = client("exec sleep 60", 1);
  options.wanted = wanted_;
  const Instant began = steady_now();
  const auto traces = gather(options, 3);
  EXPECT_LT((steady_now() - began).ns, 3'000'000'000);
  ASSERT_TRUE(traces) << traces.error().message;
  ASSERT_EQ(traces->size(), 1U) << "went on after a failure";
  EXPECT_FALSE(traces->front().ok());
}

TEST_F(StandIn, ItsLogIsReadAsItComes) {
  const auto options = client(
      "echo '2026-11-21T06:22:43.197127+0000 7f0433ab7500 10 monclient: init' >&200\n"
      "echo 'no stamp' >&200\nprintf '2026-11-21T06:22:43.19' >&200",
      5);
  const auto observation = run_client(options, wanted_, steady_now() + seconds(5), folder_ + "/log");
  ASSERT_TRUE(observation) << observation.error().message;
  ASSERT_EQ(observation->lines.size(), 1U);
  EXPECT_EQ(observation->lines[0].text, "monclient: init");
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/log"));
}

TEST_F(StandIn, AFileAtFaultIsNoObservation) {
  EXPECT_FALSE(run_client(client("exit 2", 5), wanted_, steady_now() + seconds(5), ""));
}

TEST_F(StandIn, AProgramThatIsNotThereIsAnError) {
  ClientOptions options;
  options.program = folder_ + "/nothing";
  EXPECT_FALSE(run_client(options, wanted_, steady_now() + seconds(5), ""));
}

TEST_F(StandIn, ACrashIsAFailedOperation) {
  GatherOptions options;
  options.client = client("kill -SEGV $$", 5);
  options.wanted = wanted_;
  const auto traces = gather(options, 1);
  EXPECT_TRUE(!traces || !traces->front().ok());
}

TEST_F(StandIn, WhatTheClusterRefusesIsSaid) {
  const auto cluster = Cluster::connect(client("echo '{\"status\":-13,\"said\":\"Permission denied\"}'", 5),
                                        steady_now() + seconds(5));
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().message, "Permission denied");
}

TEST_F(StandIn, AnAnswerThatDoesNotComeIsNotWaitedForLonger) {
  const auto options = client("echo '{\"status\":0,\"said\":\"\"}'\nexec sleep 5", 5);
  const Instant began = steady_now();
  {
    auto cluster = Cluster::connect(options, steady_now() + seconds(2));
    ASSERT_TRUE(cluster) << cluster.error().message;
    EXPECT_FALSE((*cluster)->version(steady_now() + milliseconds(200)));
    EXPECT_FALSE((*cluster)->version(steady_now() + seconds(5))) << "asked again over a broken line";
  }
  EXPECT_LT((steady_now() - began).ns, 2'000'000'000);
}

TEST_F(StandIn, WhatWasChangedIsChangedBackWhenTheLineIsClosed) {
  // The stand-in notes what it is asked to undo, as the real one does when its input ends.
  const auto options = client(
      "echo '{\"status\":0,\"said\":\"\"}'\n"
      "while read -r line; do echo \"$line\" >>" +
          folder_ +
          "/asked\n"
          "echo '{\"status\":0,\"out\":\"\",\"said\":\"\"}'; done\n"
          "echo ended >>" +
          folder_ + "/asked",
      5);
  {
    auto cluster = Cluster::connect(options, steady_now() + seconds(2));
    ASSERT_TRUE(cluster) << cluster.error().message;
    EXPECT_TRUE((*cluster)->widen_history(1, steady_now() + seconds(2)));
  }
  std::ifstream asked(folder_ + "/asked");
  std::string undo;
  std::string set;
  std::string ended;
  std::getline(asked, undo);
  std::getline(asked, set);
  std::getline(asked, ended);
  EXPECT_NE(undo.find("\"to\":\"undo\""), std::string::npos)
      << "the way back must be known before the change";
  EXPECT_NE(undo.find("config unset"), std::string::npos);
  EXPECT_NE(set.find("config set"), std::string::npos);
  EXPECT_EQ(ended, "ended") << "was ended by force";
}

}  // namespace
}  // namespace cuttle::trace
