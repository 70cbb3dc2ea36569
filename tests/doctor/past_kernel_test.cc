// What goes past guard and lock, by a sysfs that is given.
#include "doctor/past_kernel.hh"

#include <gmock/gmock.h>

#include <fstream>

#include "../temporary_folder.hh"

namespace cuttle::doctor {
namespace {

using testing::HasSubstr;

class PastKernel : public ::testing::Test {
 protected:
  void put(const std::string& file, const std::string& line) {
    const auto path = system_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << line << "\n";
  }
  Findings find(const std::vector<std::string>& offloading = {}) {
    return past_kernel_findings({"eth0", "bond0"}, offloading, system_.path());
  }
  TemporaryFolder system_;
};

TEST_F(PastKernel, NothingIsFound) {
  EXPECT_TRUE(find().empty());
  put("class/infiniband/mlx5_1/ports/1/gid_attrs/ndevs/0", "eth7");
  put("kernel/config/netconsole/one/enabled", "0");
  put("kernel/config/netconsole/one/dev_name", "eth0");
  EXPECT_TRUE(find().empty());
}

TEST_F(PastKernel, RdmaOnAWayToAPeer) {
  put("class/infiniband/mlx5_0/ports/1/gid_attrs/ndevs/0", "eth0");
  put("class/infiniband/mlx5_0/ports/1/gid_attrs/ndevs/1", "eth0");
  const Findings findings = find();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].what, HasSubstr("mlx5_0 sends RDMA (RoCE, iWARP, SMC) by eth0, in the card"));
  EXPECT_THAT(findings[0].fix, HasSubstr("async+posix"));
}

TEST_F(PastKernel, CardsAndConsoles) {
  put("kernel/config/netconsole/one/enabled", "1");
  put("kernel/config/netconsole/one/dev_name", "bond0");
  const Findings findings = find({"eth0"});
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[0].fix, HasSubstr("ethtool -K eth0 hw-tc-offload off"));
  EXPECT_THAT(findings[1].what, HasSubstr("netconsole"));
}

}  // namespace
}  // namespace cuttle::doctor
