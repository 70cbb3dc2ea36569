#include "control/metrics_address.hh"

#include <gtest/gtest.h>

namespace cuttle {
namespace {

Result<Endpoint> parse(const std::string& text, bool reveal = false) {
  return parse_metrics_address("--listen", text, "127.0.0.1:9142", reveal);
}

TEST(MetricsAddress, LoopbackNeedsNoMore) {
  for (const char* text : {"127.0.0.1:9142", "127.8.9.10:1", "[::1]:9142"}) {
    const auto address = parse(text);
    ASSERT_TRUE(address) << address.error().message;
    EXPECT_EQ(text, address->to_string());
  }
}

TEST(MetricsAddress, WhatOthersCanReachIsToBeSaid) {
  for (const char* text : {"0.0.0.0:9142", "10.0.0.1:9142", "128.0.0.1:9142", "[::]:9142", "[fd00::1]:9142",
                           "[::ffff:10.0.0.1]:9142"}) {
    const auto refused = parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(std::string("--listen ") + text +
                  ": whoever reads the metrics learns what the links hide, how much they carry and when; say "
                  "--reveal if this address is safe",
              refused.error().message);
    EXPECT_TRUE(parse(text, true)) << text;
  }
}

TEST(MetricsAddress, NonsenseIsNoAddress) {
  for (const char* text : {"", "nowhere", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:9142x"}) {
    const auto refused = parse(text, true);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(std::string("--listen ") + text + ": not an address and port; write 127.0.0.1:9142",
              refused.error().message);
  }
}

}  // namespace
}  // namespace cuttle
