// Needs CAP_NET_RAW, so it skips itself without it. Traffic stays on the loopback interface.
#include "capture/live_capture.hh"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <thread>

#include "capture_fixture.hh"

namespace cuttle::capture {
namespace {

class LiveCaptureTest : public CaptureTest {};

TEST_F(LiveCaptureTest, SeesAndRecordsADatagram) {
  auto live = LiveCapture::open(
      {.interface = "lo", .length = milliseconds(1500), .snap_bytes = 96, .record_to = path("live.pcap")});
  if (!live) GTEST_SKIP() << live.error().message;
  const int sender = socket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_GE(sender, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);  // discard
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::vector<char> payload(777, 'x');
  std::thread sending([&] {
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      sendto(sender, payload.data(), payload.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
    }
  });
  int seen = 0;
  PacketRecord record;
  while (true) {
    const auto more = (*live)->next(record);
    ASSERT_TRUE(more) << more.error().message;
    if (!*more) break;
    if (record.protocol == kProtocolUdp && record.udp_payload_bytes == 777) ++seen;
    if (seen == 5) (*live)->stop();
  }
  sending.join();
  close(sender);
  EXPECT_GE(seen, 5);
  live->reset();

  auto file = CaptureFile::open(path("live.pcap"));
  ASSERT_TRUE(file) << file.error().message;
  const auto records = read_all(**file);
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_GE(records->size(), 5u);
}

TEST_F(LiveCaptureTest, UnknownInterfaceIsAClearError) {
  const auto live = LiveCapture::open(
      {.interface = "no-such-dev", .length = seconds(1), .snap_bytes = 96, .record_to = ""});
  ASSERT_FALSE(live);
  EXPECT_THAT(live.error().message, testing::HasSubstr("interface no-such-dev: cannot capture"));
}

}  // namespace
}  // namespace cuttle::capture
