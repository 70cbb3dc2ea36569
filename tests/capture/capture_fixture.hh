// A folder of its own for each test, and records that are quick to write down.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "capture/capture_file.hh"
#include "capture/capture_writer.hh"

namespace cuttle::capture {

class CaptureTest : public testing::Test {
 protected:
  CaptureTest() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = "cuttle-" + std::string(info->name()) + "-" + std::to_string(getpid());
    std::replace(name.begin(), name.end(), '/', '-');
    folder_ = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directories(folder_);
  }
  ~CaptureTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static PacketRecord cell(int64_t time_ns, uint32_t sequence) {
    PacketRecord record;
    record.time = Instant{time_ns};
    record.source = *IpAddress::parse("10.77.0.10");
    record.destination = *IpAddress::parse("10.77.0.11");
    record.protocol = kProtocolUdp;
    record.source_port = record.destination_port = 4410;
    record.udp_payload_bytes = 1472;
    record.esp = EspHeader{Spi{0xabcdef01}, Sequence{sequence}};
    return record;
  }

  static Result<std::vector<PacketRecord>> read_all(PacketSource& source) {
    std::vector<PacketRecord> records;
    PacketRecord record;
    while (true) {
      const auto more = source.next(record);
      if (!more) return tl::unexpected(more.error());
      if (!*more) return records;
      records.push_back(record);
    }
  }

  std::filesystem::path folder_;
};

}  // namespace cuttle::capture
