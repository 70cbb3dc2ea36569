// Two nodes, one of which guards itself against the other.
#pragma once

#include "against_b.hh"

namespace cuttle {

inline GuardConfig guard_against_b() {
  return against_b(1);
}

// Node a guards itself against node b, which does as it likes.
class GuardTest : public TwoNodes {
 protected:
  void expect_cells_both_ways() {
    auto a = lane(*a_, "10.9.0.1:4410", "10.9.0.2:4410");
    auto b = lane(*b_, "10.9.0.2:4410", "10.9.0.1:4410");
    const auto cells = numbered_cells(30);
    EXPECT_EQ(a.send_train(cells.data(), 30, kCell), 30u);
    EXPECT_EQ(datagrams(receive(b, 30)), 30u);
    EXPECT_EQ(b.send_train(cells.data(), 30, kCell), 30u);
    EXPECT_EQ(datagrams(receive(a, 30)), 30u);
  }
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
    uint8_t byte = 0;
    return poll(&entry, 1, wait_ms) == 1 && recv(to.get(), &byte, 1, 0) == 1;
  }
};

}  // namespace cuttle
