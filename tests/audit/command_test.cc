// The command as its user meets it: exit statuses, outputs, and a clear line for each kind of bad input.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "audit/synthetic.hh"
#include "base/random.hh"
#include "capture/capture_file.hh"
#include "capture/capture_writer.hh"

namespace cuttle::audit {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class AuditCommand : public testing::Test {
 protected:
  AuditCommand() {
    folder_ = std::filesystem::temp_directory_path() / ("cuttle-audit-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  ~AuditCommand() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) { std::ofstream(path(name)) << text; }
  std::string read(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }

  void write_trace(SyntheticOptions options) {
    options.slot = milliseconds(5);
    const SyntheticTrace trace = synthetic_trace(options);
    for (size_t i = 0; i < trace.inputs.size(); ++i) {
      auto source = trace.inputs[i].open();
      auto writer = capture::CaptureWriter::create(path(i == 0 ? "a.pcap" : "b.pcap"),
                                                   capture::LinkLayer::ethernet, 64);
      capture::PacketRecord record;
      while (*(*source)->next(record)) (*writer)->write(record);
      ASSERT_TRUE((*writer)->finish());
    }
    write("spans.csv", capture::spans_text(trace.spans));
  }

  // The same with each slot's cells in one record, as a tap before a card that cuts sees them; `change` may
  // alter a record, which has a number of its own from 1.
  void write_whole_trains(SyntheticOptions options,
                          const std::function<void(capture::PacketRecord&, uint64_t)>& change = {}) {
    options.slot = milliseconds(5);
    const SyntheticTrace trace = synthetic_trace(options);
    for (size_t i = 0; i < trace.inputs.size(); ++i) {
      auto source = trace.inputs[i].open();
      auto writer = capture::CaptureWriter::create(path(i == 0 ? "a.pcap" : "b.pcap"),
                                                   capture::LinkLayer::ethernet, 64);
      capture::PacketRecord record;
      capture::PacketRecord train;
      uint64_t number = 0;
      const auto finish_train = [&] {
        if (train.ip_bytes == 0) return;
        if (change) change(train, ++number);
        (*writer)->write(train);
      };
      while (*(*source)->next(record)) {
        if (train.ip_bytes != 0 && record.time - train.time < microseconds(100)) {
          train.udp_payload_bytes += record.udp_payload_bytes;
          train.ip_bytes += record.udp_payload_bytes;
          continue;
        }
        finish_train();
        train = record;
      }
      finish_train();
      ASSERT_TRUE((*writer)->finish());
    }
    write("spans.csv", capture::spans_text(trace.spans));
  }

  int run(const std::string& arguments) {
    const std::string command =
        "cd " + folder_.string() + " && " + CUTTLE_AUDIT + " " + arguments + " > output 2> errors";
    const int status =
        std::system(command.c_str());  // NOLINT(bugprone-command-processor): the test's own words
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int run_on_trace(const std::string& more) {
    return run(
        "--capture a.pcap --capture b.pcap --labels spans.csv --nodes a=10.77.0.11,b=10.77.0.12 "
        "--window 0.5 --permutations 39 --quiet " +
        more);
  }

  std::filesystem::path folder_;
};

TEST_F(AuditCommand, CleanTraceIsWithinTheBound) {
  write_trace({});
  EXPECT_EQ(run_on_trace("--out out"), 0) << read("output") << read("errors");
  EXPECT_THAT(read("output"), HasSubstr("Verdict: within the bound."));
  const auto json = nlohmann::json::parse(read("out/report.json"));
  EXPECT_LE(json["accuracy"], 0.55);
  EXPECT_EQ(json["ci95"].size(), 2u);
  EXPECT_EQ(json["windows"], 480);
  EXPECT_TRUE(json.contains("auc"));
  EXPECT_LT(json["bits_per_s"], 0.2);
  EXPECT_EQ(json["checks"]["foreign_packets"], 0);
  EXPECT_EQ(json["pairs"][0]["links"].size(), 2u);
  EXPECT_THAT(read("out/report.html"), HasSubstr("What an observer can tell"));
  const std::string first = read("out/report.json");
  EXPECT_EQ(run_on_trace("--out out"), 0);
  EXPECT_EQ(read("out/report.json"), first);  // the same seed gives the same result
}

TEST_F(AuditCommand, ALeakIsStatusOne) {
  SyntheticOptions options;
  options.leak = Leak::delay;
  write_trace(options);
  EXPECT_EQ(run_on_trace("--json --line-rate 10G"), 1);
  const auto json = nlohmann::json::parse(read("output"));
  EXPECT_GT(json["accuracy"], 0.9);
  EXPECT_EQ(json["verdict"], "leaks");
  EXPECT_EQ(json["line_rate"], "10G");
  EXPECT_THAT(json["pairs"][0]["strongest_feature"]["name"].get<std::string>(), HasSubstr("phase"));
  // The same leak in a bound that allows it.
  EXPECT_EQ(run_on_trace("--max-accuracy 1"), 0);
}

TEST_F(AuditCommand, WholeTrainsAreTheCellsTheyHold) {
  write_whole_trains({});
  EXPECT_EQ(run_on_trace("--out out"), 0) << read("output") << read("errors");
  const auto json = nlohmann::json::parse(read("out/report.json"));
  EXPECT_EQ(json["checks"]["foreign_packets"], 0);
  const auto link = json["checks"]["links"][0];
  EXPECT_EQ(link["distinct_sizes"], 1);
  EXPECT_EQ(link["packets"], link["cells"]);
  EXPECT_EQ(link["cells_a_slot"], 4);
  EXPECT_EQ(link["sequence"]["missing"], 0);
  SyntheticOptions leaking;
  leaking.leak = Leak::delay;
  write_whole_trains(leaking);
  EXPECT_EQ(run_on_trace("--line-rate 10G"), 1) << read("output");
}

TEST_F(AuditCommand, RecordsThatAreNoWholeNumberOfCellsAreNeverAPass) {
  SyntheticOptions options;
  options.blocks_a_class = 4;
  write_whole_trains(options, [](capture::PacketRecord& train, uint64_t number) {
    if (number % 100 != 50) return;
    train.udp_payload_bytes += 700;
    train.ip_bytes += 700;
  });
  EXPECT_EQ(run_on_trace(""), 2);
  const std::string errors = read("errors");
  EXPECT_THAT(errors,
              HasSubstr("a.pcap: 128 records on the cells' port are larger than a cell of 1472 bytes"));
  EXPECT_THAT(errors, HasSubstr("first: packet 50, 6588 bytes"));
  EXPECT_THAT(errors, HasSubstr("ethtool -K DEV gro off"));
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
}

// A single packet stamped 200 s ahead used to empty all windows behind it, so that a leak came out as chance.
TEST_F(AuditCommand, StampsThatCannotBeBelievedAreNeverAPass) {
  SyntheticOptions options;
  options.blocks_a_class = 4;
  options.leak = Leak::delay;
  const auto refused = [&](uint64_t from, uint64_t until, Duration by, const std::string& why) {
    write_whole_trains(options, [&](capture::PacketRecord& train, uint64_t number) {
      if (number >= from && number < until) train.time = train.time + by;
    });
    for (const char* rate : {"raw", "10G"}) {
      EXPECT_EQ(run_on_trace(std::string("--line-rate ") + rate), 2);
      const std::string errors = read("errors");
      EXPECT_THAT(errors, HasSubstr(why));
      EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
    }
  };
  refused(1000, 1001, seconds(200), "a.pcap: packet 1000 is stamped 199.99");
  refused(5000, UINT64_MAX, seconds(-3), "a.pcap: packet 5000 is stamped 2.99");
}

TEST_F(AuditCommand, ACaptureOfSeveralInterfacesIsRefused) {
  SyntheticOptions options;
  options.blocks_a_class = 4;
  for (const auto layer : {capture::LinkLayer::linux_cooked, capture::LinkLayer::linux_cooked_2}) {
    write_trace(options);
    auto file = capture::CaptureFile::open(path("a.pcap"));
    auto writer = capture::CaptureWriter::create(path("any.pcap"), layer, 96);
    capture::PacketRecord record;
    while (*(*file)->next(record)) {
      for (const uint32_t interface : {2, 3}) {
        record.interface = interface;
        (*writer)->write(record);
      }
    }
    ASSERT_TRUE((*writer)->finish());
    std::filesystem::rename(path("any.pcap"), path("a.pcap"));
    EXPECT_EQ(run_on_trace(""), 2);
    EXPECT_THAT(
        read("errors"),
        HasSubstr(layer == capture::LinkLayer::linux_cooked
                      ? "are copies of ones just before"
                      : "a.pcap: link a -> b was captured on several interfaces, interface number 2 and "
                        "interface number 3"));
  }
}

TEST_F(AuditCommand, CapturesThroughPipesAndGzip) {
  SyntheticOptions options;
  options.blocks_a_class = 5;
  write_trace(options);
  EXPECT_EQ(run_on_trace(""), 2);
  const std::string expected = read("output");
  const std::string command =
      "cd " + folder_.string() + " && gzip -k a.pcap && mkfifo b.pipe && (cat b.pcap >b.pipe &) && " +
      CUTTLE_AUDIT +
      " --capture - --capture b.pipe --labels spans.csv --nodes a=10.77.0.11,b=10.77.0.12 "
      "--window 0.5 --permutations 39 --quiet <a.pcap.gz >output 2>errors";
  const int status =
      std::system(command.c_str());  // NOLINT(bugprone-command-processor): the test's own words
  EXPECT_EQ(WEXITSTATUS(status), 2) << read("errors");
  EXPECT_THAT(read("output"), HasSubstr("Verdict: not judged."));
}

TEST_F(AuditCommand, TooFewWindowsCannotBeJudged) {
  SyntheticOptions options;
  options.blocks_a_class = 5;
  write_trace(options);
  EXPECT_EQ(run_on_trace(""), 2);
  EXPECT_THAT(read("output"), HasSubstr("Verdict: not judged."));
  EXPECT_THAT(read("output"), HasSubstr("160 windows (80 and 80) in 5 and 5 blocks; 385 windows"));
}

TEST_F(AuditCommand, BadInputIsOneClearLineAndStatusTwo) {
  SyntheticOptions options;
  options.blocks_a_class = 4;
  write_trace(options);
  const std::string spans = read("spans.csv");
  const auto refused = [&](const std::string& arguments, const std::string& why) {
    EXPECT_EQ(run_on_trace(arguments), 2);
    const std::string errors = read("errors");
    EXPECT_THAT(errors, HasSubstr(why));
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  };
  refused("--line-rate fast", "line rate: `fast`");
  refused("--classes idle,write", "no span of class `write`; the spans have");
  refused("--capture c.pcap", "c.pcap: cannot read the capture");
  refused("--capture a.pcap", "link a -> b is in both a.pcap and a.pcap");
  write("spans.csv",
        spans.substr(0, spans.find('\n') + 1) + "1700000000000000000,1700000009000000000,idle\n");
  refused("", "only one class, `idle`");
  write("spans.csv", spans + "1700000000000000000,1700000009000000000,idle\n");
  refused("", "the span overlaps the one in line");
  write("spans.csv", spans + "1800000000000000000,1800000009000000000,idle\n");
  refused("", "after the capture's last packet");
  write("spans.csv", spans);
  std::filesystem::resize_file(path("b.pcap"), std::filesystem::file_size(path("b.pcap")) - 3);
  refused("", "b.pcap: the capture is cut off or damaged after");
  EXPECT_EQ(run("--capture a.pcap --labels spans.csv --nodes x=10.1.0.1,y=10.1.0.2 --quiet"), 2);
  EXPECT_THAT(read("errors"), HasSubstr("none is between the nodes 10.1.0.1, 10.1.0.2"));
  EXPECT_EQ(run("--labels spans.csv"), 2);
  EXPECT_EQ(run("--max-accuracy 0.2"), 2);
  EXPECT_EQ(
      run("--live no-such-dev --seconds 1 --out o --labels spans.csv --nodes x=10.1.0.1,y=10.1.0.2 --quiet"),
      2);
  EXPECT_THAT(read("errors"), AnyOf(HasSubstr("no-such-dev"), HasSubstr("cannot capture")));
}

TEST_F(AuditCommand, UnshapedTrafficIsToldApart) {
  // Two nodes without Cuttle: heartbeats all the time, large packets under load.
  auto writer = capture::CaptureWriter::create(path("plain.pcap"));
  Random random(1);
  std::vector<capture::Span> spans;
  for (int64_t block = 0; block < 24; ++block) {
    const bool busy = random.chance(0.5);
    const int64_t start = 1'700'000'000'000'000'000 + block * 10'000'000'000;
    spans.push_back({Instant{start}, Instant{start + 10'000'000'000}, busy ? "write" : "idle", 2});
    for (int64_t t = 0; t < 10'000'000'000;
         t += static_cast<int64_t>(random.below(busy ? 2'000'000 : 20'000'000))) {
      capture::PacketRecord tcp;
      tcp.time = Instant{start + t};
      const bool forth = random.chance(0.5);
      tcp.source = *IpAddress::parse(forth ? "10.77.0.11" : "10.77.0.12");
      tcp.destination = *IpAddress::parse(forth ? "10.77.0.12" : "10.77.0.11");
      tcp.protocol = capture::kProtocolTcp;
      tcp.ip_bytes = static_cast<uint32_t>(52 + random.below(busy ? 1448 : 300));
      (*writer)->write(tcp);
    }
  }
  ASSERT_TRUE((*writer)->finish());
  write("plain.csv", capture::spans_text(spans));
  EXPECT_EQ(run("--capture plain.pcap --labels plain.csv --nodes a=10.77.0.11,b=10.77.0.12 --permutations 39 "
                "--json "
                "--quiet"),
            1)
      << read("errors");
  const auto json = nlohmann::json::parse(read("output"));
  EXPECT_GE(json["accuracy"], 0.98);
  EXPECT_GT(json["checks"]["foreign_packets"], 10'000);
}

}  // namespace
}  // namespace cuttle::audit
