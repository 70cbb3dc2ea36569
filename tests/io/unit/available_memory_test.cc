#include "io/available_memory.hh"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../../temporary_folder.hh"

namespace cuttle {
namespace {

class AvailableMemory : public testing::Test {
 protected:
  TemporaryFolder outer_;
  const std::string root_ = outer_.path().string();

  AvailableMemory() { write("/proc/meminfo", "MemTotal: 900 kB\nMemFree: 1 kB\nMemAvailable: 800 kB\n"); }

  void write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path(root_ + file);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void group_2(const std::string& group, const std::string& limit, const std::string& use,
               const std::string& files = "0") const {
    const std::string folder = "/sys/fs/cgroup" + group;
    write(folder + "/memory.max", limit + "\n");
    write(folder + "/memory.current", use + "\n");
    write(folder + "/memory.stat", "anon 7\ninactive_file " + files + "\nactive_file " + files + "\n");
  }
  std::optional<uint64_t> available() const { return available_memory_bytes(root_); }
};

TEST_F(AvailableMemory, IsTheMachinesWhereNothingHoldsTheProcess) {
  EXPECT_EQ(800 * 1024, available());
  write("/proc/self/cgroup", "0::/a\n");
  EXPECT_EQ(800 * 1024, available());
  group_2("/a", "max", "1000");
  EXPECT_EQ(800 * 1024, available());
}

TEST_F(AvailableMemory, IsNotKnownWithoutProc) {
  EXPECT_EQ(std::nullopt, available_memory_bytes("/nowhere"));
}

TEST_F(AvailableMemory, IsTheLeastOfAllGroupsAbove) {
  write("/proc/self/cgroup", "0::/a/b\n");
  group_2("/a/b", "5000", "1000");
  EXPECT_EQ(4000, available());
  group_2("/a", "9000", "6000");
  EXPECT_EQ(3000, available());
  group_2("", "7000", "6500");
  EXPECT_EQ(500, available());
  group_2("/a", "9000", "9001");
  EXPECT_EQ(0, available());
}

TEST_F(AvailableMemory, CopiesOfFilesCanBeHad) {
  write("/proc/self/cgroup", "0::/\n");
  group_2("", "5000", "4900", "1000");
  EXPECT_EQ(2100, available());
  group_2("", "5000", "4900", "3000");
  EXPECT_EQ(5000, available());
}

TEST_F(AvailableMemory, IsKnownOfTheOlderGroups) {
  write("/proc/self/cgroup", "11:cpu,cpuacct:/x\n9:memory:/elsewhere/x\n1:name=systemd:/x\n");
  const std::string folder = "/sys/fs/cgroup/memory";
  write(folder + "/memory.limit_in_bytes", "5000\n");
  write(folder + "/memory.usage_in_bytes", "3000\n");
  write(folder + "/memory.stat",
        "inactive_file 1\nactive_file 2\ntotal_inactive_file 100\ntotal_active_file 200\n");
  EXPECT_EQ(2300, available());
}

}  // namespace
}  // namespace cuttle
