// A fresh network namespace around a test: entered by unshare, gone with its last descriptor, never named.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/file_descriptor.hh"

namespace cuttle {

inline FileDescriptor current_namespace() {
  return FileDescriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

// Runs a command line in the calling thread's namespace; the test fails when the command does.
inline void run(const std::string& command) {
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

class Namespace {
 public:
  // Makes one with loopback up; the calling thread is back where it was afterwards.
  Namespace() {
    const FileDescriptor before = current_namespace();
    if (unshare(CLONE_NEWNET) != 0) std::abort();
    fd_ = current_namespace();
    run("ip link set lo up");
    if (setns(before.get(), CLONE_NEWNET) != 0) std::abort();
  }
  int fd() const { return fd_.get(); }
  // A name that `ip link set DEV netns` takes.
  std::string path() const { return fmt::format("/proc/{}/fd/{}", getpid(), fd_.get()); }

 private:
  FileDescriptor fd_;
};

// The calling thread is inside the namespace as long as this lives.
class Inside {
 public:
  explicit Inside(const Namespace& where) : before_(current_namespace()) {
    if (setns(where.fd(), CLONE_NEWNET) != 0) std::abort();
  }
  ~Inside() {
    if (setns(before_.get(), CLONE_NEWNET) != 0) std::abort();
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  FileDescriptor before_;
};

// Base of the tests that need root; skipped for everybody else.
class RootTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

// Two nodes on one cable: namespaces a (10.9.0.1, fd09::1) and b (10.9.0.2, fd09::2), interface "wire" in
// each.
class TwoNodes : public RootTest {
 protected:
  void SetUp() override {
    RootTest::SetUp();
    if (IsSkipped()) return;
    a_ = std::make_unique<Namespace>();
    b_ = std::make_unique<Namespace>();
    const Inside inside(*a_);
    run("ip link add wire type veth peer name wire netns " + b_->path());
    set_addresses(1);
    {
      const Inside other(*b_);
      set_addresses(2);
      wait_for_cable();
    }
    wait_for_cable();
  }

  std::unique_ptr<Namespace> a_;
  std::unique_ptr<Namespace> b_;

 private:
  static void set_addresses(int node) {
    run(fmt::format("ip addr add 10.9.0.{}/24 dev wire", node));
    run(fmt::format("ip addr add fd09::{}/64 dev wire nodad", node));
    run("ip link set wire up");
  }
  // Until the kernel has noticed that the cable is in, it drops what is sent.
  static void wait_for_cable() {
    run("timeout 5 sh -c 'until ip link show wire 2>&1 | grep -q \"state UP\"; do sleep 0.01; done'");
  }
};

}  // namespace cuttle
