// The demo's report over made-up captures: a clean pair, and each promise broken once.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/random.hh"
#include "capture/capture_writer.hh"
#include "capture/nodes.hh"

namespace cuttle::report {
namespace {

using capture::PacketRecord;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kBase = 1'700'000'000'000'000'000;
constexpr int64_t kSecond = 1'000'000'000;
constexpr const char* kNodes = "mon=10.77.0.10,osd0=10.77.0.11,osd1=10.77.0.12";

PacketRecord packet(int64_t time_ns, const char* from, const char* to) {
  PacketRecord record;
  record.time = Instant{kBase + time_ns};
  record.source = *IpAddress::parse(from);
  record.destination = *IpAddress::parse(to);
  record.protocol = capture::kProtocolUdp;
  record.source_port = record.destination_port = 4410;
  record.udp_payload_bytes = 1472;
  return record;
}

PacketRecord foreign(int64_t time_ns, uint8_t protocol) {
  PacketRecord record = packet(time_ns, "10.77.0.10", "10.77.0.11");
  record.protocol = protocol;
  record.source_port = 6800;
  record.ip_bytes = 84;
  return record;
}

class DemoReport : public testing::Test {
 protected:
  DemoReport() {
    folder_ = std::filesystem::temp_directory_path() / ("cuttle-demo-report-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    const std::string spans = "start_ns,end_ns,class\n" + line(1, 5, "idle") + line(6, 10, "busy");
    write("plain.csv", spans);
    write("shaped.csv", spans);
    write("facts.json", R"({"hello":{"written":"Hello^","read":"Hello^"},)"
                        R"("ceph":{"version":"16.2.15","health":"HEALTH_OK","osds_up":2}})");
    write_plain();
    write_shaped([](int64_t) { return true; }, {});
  }
  ~DemoReport() override { std::filesystem::remove_all(folder_); }

  static std::string line(int64_t from_s, int64_t to_s, const char* label) {
    return std::to_string(kBase + from_s * kSecond) + "," + std::to_string(kBase + to_s * kSecond) + "," +
           label + "\n";
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void write(const std::string& name, const std::string& text) { std::ofstream(path(name)) << text; }
  std::string read(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }

  // Heartbeats all the time, large writes between 6 and 10 s.
  void write_plain() {
    auto writer = capture::CaptureWriter::create(path("plain.pcap"));
    Random random(1);
    for (int64_t t = 0; t < 11 * kSecond;) {
      const bool busy = t > 6 * kSecond && t < 10 * kSecond;
      PacketRecord tcp = packet(t, "10.77.0.10", random.chance(0.5) ? "10.77.0.11" : "10.77.0.12");
      tcp.protocol = capture::kProtocolTcp;
      tcp.ip_bytes = static_cast<uint32_t>(busy && random.chance(0.8) ? 1500 : 52 + random.below(300));
      (*writer)->write(tcp);
      t += static_cast<int64_t>(random.below(busy ? 1'000'000 : 40'000'000));
    }
    ASSERT_TRUE((*writer)->finish());
  }

  // A cell each 5 ms on each link while `sent` says so, and `more` packets. With `cells`, a train of so many
  // in one record.
  void write_shaped(const std::function<bool(int64_t)>& sent, const std::vector<PacketRecord>& more,
                    uint32_t cells = 1, const std::string& name = "shaped.pcap") {
    auto writer = capture::CaptureWriter::create(path(name));
    const char* addresses[] = {"10.77.0.10", "10.77.0.11", "10.77.0.12"};
    for (int64_t t = 0; t < 11 * kSecond; t += 5'000'000) {
      if (t % kSecond == 0) (*writer)->write_arp(Instant{kBase + t});
      for (const char* from : addresses) {
        for (const char* to : addresses) {
          if (from == to || !sent(t)) continue;
          PacketRecord train = packet(t, from, to);
          train.udp_payload_bytes *= cells;
          (*writer)->write(train);
        }
      }
      for (const PacketRecord& record : more) {
        if (record.time.ns >= kBase + t && record.time.ns < kBase + t + 5'000'000) (*writer)->write(record);
      }
    }
    ASSERT_TRUE((*writer)->finish());
  }

  // As write_shaped with whole trains, but each cell by itself.
  void write_cut(uint32_t cells, const std::vector<PacketRecord>& more = {}) {
    auto writer = capture::CaptureWriter::create(path("cut.pcap"));
    const char* addresses[] = {"10.77.0.10", "10.77.0.11", "10.77.0.12"};
    for (int64_t t = 0; t < 11 * kSecond; t += 5'000'000) {
      for (const char* from : addresses) {
        for (const char* to : addresses) {
          for (uint32_t i = 0; i < cells && from != to; ++i) (*writer)->write(packet(t, from, to));
        }
      }
      for (const PacketRecord& record : more) {
        if (record.time.ns >= kBase + t && record.time.ns < kBase + t + 5'000'000) (*writer)->write(record);
      }
    }
    ASSERT_TRUE((*writer)->finish());
  }

  int run(const std::string& more = "") {
    const std::string command = std::string(DEMO_REPORT) + " --plain " + path("plain.pcap") +
                                " --plain-spans " + path("plain.csv") + " --shaped " + path("shaped.pcap") +
                                " --shaped-spans " + path("shaped.csv") + " --nodes " + kNodes +
                                " --port 4410 --cell 1472 --facts " + path("facts.json") + " --out " +
                                path("out") + " " + more + " > " + path("output") + " 2>&1";
    const int status =
        std::system(command.c_str());  // NOLINT(bugprone-command-processor): the test's own words
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string output() { return read("output"); }
  nlohmann::json json() { return nlohmann::json::parse(read("out/report.json")); }

  std::filesystem::path folder_;
};

TEST_F(DemoReport, CleanPairHolds) {
  ASSERT_EQ(run(), 0) << output();
  EXPECT_THAT(output(), HasSubstr("every promise of the demo holds"));
  EXPECT_THAT(output(), HasSubstr("Cuttle, idle"));
  const auto report = json();
  EXPECT_EQ(report["hello"]["read"], "Hello^");
  EXPECT_EQ(report["ceph"]["health"], "HEALTH_OK");
  EXPECT_GT(report["plain"]["sizes"], 100);
  EXPECT_GT(report["plain"]["busy_pps"].get<double>(), 10 * report["plain"]["idle_pps"].get<double>());
  ASSERT_EQ(report["shaped"]["links"].size(), 6u);
  const auto link = report["shaped"]["links"][0];
  EXPECT_EQ(link["from"], "mon");
  EXPECT_EQ(link["to"], "osd0");
  EXPECT_EQ(link["datagram_sizes"], nlohmann::json::array({1472}));
  EXPECT_DOUBLE_EQ(link["idle_pps"], 200);
  EXPECT_DOUBLE_EQ(link["busy_pps"], 200);
  EXPECT_EQ(report["shaped"]["foreign_packets"], 0);
  EXPECT_TRUE(report["broken"].empty());
  EXPECT_THAT(read("out/report.html"), HasSubstr("Idle and writing look the same"));
}

TEST_F(DemoReport, OneOddSizeIsSeen) {
  PacketRecord odd = packet(7 * kSecond, "10.77.0.12", "10.77.0.10");
  odd.udp_payload_bytes = 1471;
  write_shaped([](int64_t) { return true; }, {odd});
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output(), HasSubstr("link osd1 -> mon: datagrams of 1471, 1472 bytes, expected 1472 only"));
  EXPECT_THAT(output(), Not(HasSubstr("osd0 -> mon: datagrams")));
  EXPECT_EQ(json()["shaped"]["foreign_packets"], 1);
  EXPECT_THAT(read("out/report.html"), HasSubstr("Does not hold."));
}

// The same datagrams, four a slot, as a tap behind a device that cuts sees them.
TEST_F(DemoReport, WholeTrainsCountAsCellsAndNeedATapThatShowsThemCut) {
  const auto always = [](int64_t) { return true; };
  write_shaped(always, {}, 4);
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output(),
              HasSubstr("trains of up to 4 cells were captured whole: nothing shows the single datagrams"));
  write_cut(4);
  EXPECT_EQ(run("--cut " + path("cut.pcap")), 0) << output();
  const auto link = json()["shaped"]["links"][0];
  EXPECT_EQ(link["datagram_sizes"], nlohmann::json::array({1472}));
  EXPECT_DOUBLE_EQ(link["idle_pps"], 800);
  EXPECT_EQ(link["cut_datagrams"], 6400);
  EXPECT_EQ(json()["shaped"]["sizes"], 1);
  EXPECT_EQ(json()["shaped"]["most_cells_a_train"], 4);
}

TEST_F(DemoReport, TheTapBehindACuttingDeviceIsBelieved) {
  const auto always = [](int64_t) { return true; };
  write_shaped(always, {}, 4);
  // A device that left the trains whole, one that cut them wrong, and a tap that slept.
  write_shaped(always, {}, 4, "cut.pcap");
  EXPECT_EQ(run("--cut " + path("cut.pcap")), 1);
  EXPECT_THAT(output(), HasSubstr("link mon -> osd0: datagrams of 1472, 5888 bytes, expected 1472 only"));
  PacketRecord odd = packet(7 * kSecond, "10.77.0.12", "10.77.0.10");
  odd.udp_payload_bytes = 700;
  write_cut(4, {odd});
  EXPECT_EQ(run("--cut " + path("cut.pcap")), 1);
  EXPECT_THAT(output(), HasSubstr("link osd1 -> mon: datagrams of 700, 1472 bytes, expected 1472 only"));
  write_cut(1);
  EXPECT_EQ(run("--cut " + path("cut.pcap")), 1);
  EXPECT_THAT(output(),
              HasSubstr("link mon -> osd0: 1,600 datagrams behind the device that cuts, of 6,400 cells"));
}

TEST_F(DemoReport, MergedRecordsThatAreNoMultipleAreRefused) {
  PacketRecord merged = packet(3 * kSecond, "10.77.0.10", "10.77.0.11");
  merged.udp_payload_bytes = 3 * 1472 + 700;
  write_shaped([](int64_t) { return true; }, {merged});
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(),
              HasSubstr("shaped.pcap: 1 records on the cells' port are larger than a cell of 1472 bytes"));
  EXPECT_THAT(output(), HasSubstr("gro off"));
}

TEST_F(DemoReport, StampsThatCannotBeBelievedAreRefused) {
  auto writer = capture::CaptureWriter::create(path("shaped.pcap"));
  for (int64_t i = 0; i < 2'200; ++i) {
    (*writer)->write(packet(i == 700 ? 200 * kSecond : i * 5'000'000, "10.77.0.10", "10.77.0.11"));
  }
  ASSERT_TRUE((*writer)->finish());
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(),
              HasSubstr("shaped.pcap: packet 701 is stamped 196.495 s ahead of the packets around"));
}

TEST_F(DemoReport, AStrayStampAtTheEndDoesNotStretchTheCapture) {
  auto writer = capture::CaptureWriter::create(path("shaped.pcap"));
  for (int64_t t = 0; t < 7 * kSecond; t += 5'000'000) {
    (*writer)->write(packet(t, "10.77.0.10", "10.77.0.11"));
  }
  (*writer)->write(packet(200 * kSecond, "10.77.0.10", "10.77.0.11"));
  ASSERT_TRUE((*writer)->finish());
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(), HasSubstr("shaped.csv:3: the span ends 3.005 s after the capture's last packet"));
}

TEST_F(DemoReport, SeveralInterfacesAreRefused) {
  auto writer = capture::CaptureWriter::create(path("shaped.pcap"), capture::LinkLayer::linux_cooked_2);
  for (int64_t i = 0; i < 2'200; ++i) {
    PacketRecord one = packet(i * 5'000'000, "10.77.0.10", "10.77.0.11");
    one.interface = i % 2 == 0 ? 2 : 3;
    (*writer)->write(one);
  }
  ASSERT_TRUE((*writer)->finish());
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(),
              HasSubstr("link mon -> osd0 was captured on several interfaces, interface number 2 and"));
}

TEST_F(DemoReport, MissingCellsUnderLoadAreSeen) {
  // 2 of each 100 slots while busy.
  write_shaped([](int64_t t) { return t < 6 * kSecond || (t / 5'000'000) % 100 >= 2; }, {});
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output(), HasSubstr("link mon -> osd0: 200.00 packets a second idle, 196.00 busy: 2 % apart"));
}

TEST_F(DemoReport, HalfAPercentIsWithinThePromise) {
  write_shaped([](int64_t t) { return t < 6 * kSecond || (t / 5'000'000) % 200 != 0; }, {});
  EXPECT_EQ(run(), 0) << output();
}

TEST_F(DemoReport, ForeignPacketsAreSeenAndNamed) {
  write_shaped([](int64_t) { return true; }, {foreign(3 * kSecond, capture::kProtocolTcp),
                                              foreign(10'500'000'000, capture::kProtocolIcmp)});
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output(), HasSubstr("2 packets between the nodes are not cells, first TCP 10.77.0.10:6800"));
  EXPECT_THAT(output(), HasSubstr("at 3.000 s"));
  EXPECT_EQ(json()["shaped"]["foreign_packets"], 2);
}

TEST_F(DemoReport, PacketsWithTheOutsideWorldAreNotForeign) {
  write_shaped([](int64_t) { return true; }, {packet(3 * kSecond, "10.77.0.1", "10.77.0.11")});
  EXPECT_EQ(run(), 0) << output();
}

TEST_F(DemoReport, SilentLinkIsSeen) {
  write_shaped([](int64_t) { return false; }, {packet(kSecond, "10.77.0.10", "10.77.0.11")});
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output(), HasSubstr("link osd1 -> osd0: no cells seen"));
}

TEST_F(DemoReport, AlteredHelloAndBadHealthAreSeen) {
  write("facts.json", R"({"hello":{"written":"Hello^","read":"Hell"},"ceph":{"health":"HEALTH_WARN"}})");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output(), HasSubstr("hello: wrote `Hello^`, read `Hell`"));
  EXPECT_THAT(output(), HasSubstr("ceph: health is HEALTH_WARN"));
}

TEST_F(DemoReport, EdgesOutsideTheSpansDoNotCount) {
  // Nothing is sent between the spans and after them.
  write_shaped(
      [](int64_t t) { return (t >= kSecond && t < 5 * kSecond) || (t >= 6 * kSecond && t < 10 * kSecond); },
      {});
  EXPECT_EQ(run(), 0) << output();
}

TEST_F(DemoReport, BadInputIsOneClearLineAndStatusTwo) {
  EXPECT_EQ(run("--no-such-option"), 2);
  write("shaped.csv", "start_ns,end_ns,class\n" + line(1, 5, "idle") + line(4, 10, "busy"));
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(), HasSubstr("shaped.csv:3: the span overlaps"));
  write("shaped.csv", "start_ns,end_ns,class\n" + line(1, 5, "idle"));
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(), HasSubstr("no span of class `busy`"));
  write("shaped.csv", "start_ns,end_ns,class\n" + line(1, 5, "idle") + line(6, 20, "busy"));
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(), HasSubstr("shaped.csv:3: the span ends"));
  write("facts.json", "[1, 2");
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(), HasSubstr("facts.json: not a JSON object"));
}

TEST_F(DemoReport, CutOffCaptureAndStrangersAreRefused) {
  const auto size = std::filesystem::file_size(path("plain.pcap"));
  std::filesystem::resize_file(path("plain.pcap"), size - 7);
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(), HasSubstr("plain.pcap: the capture is cut off or damaged after"));
  write_plain();
  auto writer = capture::CaptureWriter::create(path("shaped.pcap"));
  for (int64_t t = 0; t < 11; ++t) (*writer)->write(packet(t * kSecond, "192.0.2.1", "192.0.2.2"));
  ASSERT_TRUE((*writer)->finish());
  EXPECT_EQ(run(), 2);
  EXPECT_THAT(output(),
              HasSubstr("of 11 packets none is between the nodes 10.77.0.10, 10.77.0.11, 10.77.0.12"));
}

}  // namespace
}  // namespace cuttle::report
