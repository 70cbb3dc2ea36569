// Two nodes, one of which guards itself against the other.
#pragma once

#include "io/guard.hh"
#include "udp_fixture.hh"

namespace cuttle {

constexpr uint32_t kMark = 0x10c0;

inline GuardConfig guard_against_b() {
  GuardConfig config;
  config.peers.push_back({"ct-b",
                          {IpPrefix::parse("10.9.0.2").value(), IpPrefix::parse("fd09::2").value()},
                          endpoint("10.9.0.2:4410"),
                          1});
  config.first_port = 4410;
  config.firewall_mark = kMark;
  return config;
}

// Node a guards itself against node b, which does as it likes.
class GuardTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    apply(guard_against_b());
  }
  void apply(const GuardConfig& config) {
    const Inside inside(*a_);
    const auto done = apply_guard(config);
    ASSERT_TRUE(done) << done.error().message;
  }
  GuardCounts counts(const std::string& interface = "ct-b") {
    const Inside inside(*a_);
    auto all = guard_counts();
    if (!all) ADD_FAILURE() << all.error().message;
    return all.value()[interface];
  }
  FileDescriptor plain(const Namespace& where, const std::string& local, const std::string& remote) {
    const Inside inside(where);
    return plain_socket(local, remote);
  }
  // Whether a datagram sent on one socket arrives on the other.
  static bool arrives(const FileDescriptor& from, const FileDescriptor& to, int wait_ms = kLookout_ms) {
    const std::vector<uint8_t> bytes(100);
    send(from.get(), bytes.data(), bytes.size(), 0);
    pollfd entry{to.get(), POLLIN, 0};
    uint8_t octet = 0;
    return poll(&entry, 1, wait_ms) == 1 && recv(to.get(), &octet, 1, 0) == 1;
  }
};

}  // namespace cuttle
