// What makes a thread late that releases cells, from what the kernel shows.
#include "doctor/timekeeping.hh"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cuttle::doctor {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

MATCHER_P(Says, text, "") {
  return arg.what.find(text) != std::string::npos;
}

TEST(Timekeeping, ListsAndMasksOfCpusAreReadAsTheKernelWritesThem) {
  EXPECT_THAT(parse_cpu_list("0-2,8"), ElementsAre(0, 1, 2, 8));
  EXPECT_THAT(parse_cpu_list("5"), ElementsAre(5));
  EXPECT_THAT(parse_cpu_mask("5"), ElementsAre(0, 2));
  EXPECT_THAT(parse_cpu_mask("1,00000003"), ElementsAre(0, 1, 32));
  for (const char* odd : {"", "x", "3-", "-1", "0-99999999999", "0-4000000"})
    EXPECT_THAT(parse_cpu_list(odd), IsEmpty()) << odd;
  EXPECT_THAT(parse_cpu_mask("00000000"), IsEmpty());
  EXPECT_THAT(parse_cpu_mask("xyz"), IsEmpty());
}

TEST(Timekeeping, PreemptionIsTheWordInBrackets) {
  const auto found = [](std::string shown, std::string version) {
    return examine_timekeeping({std::move(shown), std::move(version), {}, {}}, {})[0];
  };
  EXPECT_EQ(found("none voluntary (full) lazy", "").mark, Mark::good);
  EXPECT_EQ(found("none voluntary full (lazy)", "").mark, Mark::good);
  EXPECT_EQ(found("none (voluntary) full", "").mark, Mark::unsure);
  EXPECT_THAT(found("(none) voluntary full", ""),
              AllOf(Says("preemption is none"), Field(&Finding::fix, HasSubstr("preempt=full"))));
  EXPECT_EQ(found("", "#1 SMP PREEMPT_RT Debian").mark, Mark::good);
  EXPECT_EQ(found("", "#1 SMP PREEMPT Debian").mark, Mark::good);
  EXPECT_THAT(found("", "#1 SMP PREEMPT_DYNAMIC Debian"), Says("cannot be seen"));
  EXPECT_THAT(found("", "#1 SMP Debian"), Says("preemption is none"));
}

TEST(Timekeeping, WhatElseRunsOnThePacersCpusIsNamed) {
  const Timekeeping host{"(full)", "", {3}, {{"eth0", {1, 2}, {}}, {"eth1", {0}, {0, 3}}}};
  const Findings findings = examine_timekeeping(host, {2, 3});
  EXPECT_THAT(findings, Contains(AllOf(Says("CPU 2 of the pacers is not isolated"),
                                       Field(&Finding::fix, HasSubstr("isolcpus=2,3")))));
  EXPECT_THAT(findings, Contains(Says("interrupts of eth0 go to CPU 2")));
  EXPECT_THAT(findings, Contains(Says("packets from eth1 are handed to CPU 3")));
  EXPECT_EQ(findings.size(), 4u);
}

TEST(Timekeeping, CpusOfTheirOwnAreGood) {
  const Timekeeping host{"(full)", "", {2, 3}, {{"eth0", {0}, {1}}}};
  EXPECT_THAT(examine_timekeeping(host, {2, 3}), Each(Field(&Finding::mark, Mark::good)));
}

TEST(Timekeeping, ThisMachineCanBeRead) {
  const Timekeeping host = read_timekeeping({"lo"});
  EXPECT_FALSE(host.version.empty());
  ASSERT_EQ(host.receiving.size(), 1u);
  EXPECT_FALSE(examine_timekeeping(host, {}).empty());
}

}  // namespace
}  // namespace cuttle::doctor
