// Two nodes, one of which has the lock on its device.
#pragma once

#include "against_b.hh"
#include "io/egress_lock.hh"

namespace cuttle {

inline GuardConfig lock_against_b() {
  return against_b(2, kCell);
}

inline bool succeeds(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

// Node a has no guard and no routes of ours, but the lock on its device.
class EgressLockTest : public TwoNodes {
 protected:
  void SetUp() override {
    TwoNodes::SetUp();
    if (IsSkipped()) return;
    // Neighbours that know each other: what is lost then was dropped.
    const Inside inside(*a_);
    run("ping -q -c 1 -i 0.2 -w 5 10.9.0.2 >/dev/null && ping -q -c 1 -i 0.2 -w 5 fd09::2 >/dev/null");
    apply(lock_against_b());
  }
  void apply(const GuardConfig& config) {
    const Inside inside(*a_);
    const auto done = apply_lock(config);
    ASSERT_TRUE(done) << done.error().message;
  }
  FileDescriptor plain(const Namespace& where, const std::string& local, const std::string& remote,
                       uint32_t mark = 0) {
    const Inside inside(where);
    auto socket = plain_socket(local, remote);
    if (mark != 0) {
      EXPECT_TRUE(set_option(socket.get(), SOL_SOCKET, SO_MARK, static_cast<int>(mark)));
    }
    return socket;
  }
  // Whether a datagram of that size goes from a's address to b's.
  bool leaves(const std::string& from, const std::string& to, size_t bytes, uint32_t mark = 0) {
    return arrives(from, to, bytes, mark, kTimeout_ms);
  }
  bool is_held(const std::string& from, const std::string& to, size_t bytes, uint32_t mark = 0) {
    return !arrives(from, to, bytes, mark, kLookout_ms);
  }
  bool arrives(const std::string& from, const std::string& to, size_t bytes, uint32_t mark, int wait_ms) {
    const auto sender = plain(*a_, from, to, mark);
    const auto receiver = plain(*b_, to, from);
    const int off = IP_PMTUDISC_DONT;
    if (from[0] != '[') {
      EXPECT_TRUE(set_option(sender.get(), IPPROTO_IP, IP_MTU_DISCOVER, off));
    }
    const std::vector<uint8_t> payload(bytes);
    send(sender.get(), payload.data(), payload.size(), 0);
    pollfd entry{receiver.get(), POLLIN, 0};
    std::vector<uint8_t> got(bytes);
    return poll(&entry, 1, wait_ms) == 1 &&
           recv(receiver.get(), got.data(), got.size(), 0) == static_cast<ssize_t>(bytes);
  }
};

}  // namespace cuttle
