// The egress lock's program, asked for what kernels older than this machine's would say of it.
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "io/egress_lock.hh"

namespace cuttle {
namespace {

using Words = std::set<int>;  // of eight bytes on the stack, whose first bytes had a store of their own

// The first instruction, if any, that a kernel before 6.8 refuses to whoever lacks CAP_PERFMON: a store to a
// part of such a word. Goes every way through the program, which has no loops.
int refused(const std::vector<bpf_insn>& program) {
  std::set<std::tuple<size_t, Words>> seen;
  std::vector<std::tuple<size_t, Words>> ways{{0, {}}};
  while (!ways.empty()) {
    auto [at, words] = ways.back();
    ways.pop_back();
    if (at >= program.size() || !seen.insert({at, words}).second) continue;
    const bpf_insn& step = program[at];
    const int kind = BPF_CLASS(step.code);
    const bool stores = (kind == BPF_ST || kind == BPF_STX) && step.dst_reg == BPF_REG_10;
    if (stores && BPF_SIZE(step.code) != BPF_DW) {
      const int word = -((-step.off + 7) / 8);
      if (words.contains(word)) return static_cast<int>(at);
      if (step.off % 8 == 0) words.insert(word);
    }
    const bool jumps = kind == BPF_JMP || kind == BPF_JMP32;
    const int operation = BPF_OP(step.code);
    if (jumps && operation == BPF_EXIT) continue;
    if (jumps && operation != BPF_CALL) ways.emplace_back(at + 1 + step.off, words);
    if (jumps && operation == BPF_JA) continue;
    ways.emplace_back(at + (step.code == (BPF_LD | BPF_DW | BPF_IMM) ? 2 : 1), words);
  }
  return -1;
}

// `./run machine boot` asks such a kernel itself.
TEST(EgressLockProgram, suits_kernels_that_take_a_number_on_the_stack_for_a_pointer) {
  for (const bool ethernet : {true, false}) {
    EXPECT_EQ(refused(lock_program(GuardConfig{}, LockMaps{}, ethernet)), -1) << "ethernet: " << ethernet;
  }
}

}  // namespace
}  // namespace cuttle
