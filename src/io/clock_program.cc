#include "io/clock_program.hh"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bit>
#include <cstddef>
#include <cstring>

#include "base/check.hh"
#include "io/bpf_assembly.hh"
#include "link/queue_watch.hh"

namespace cuttle {

using namespace bpf;

namespace {

constexpr int32_t kUdpHeaderBytes = 8;
constexpr int32_t kHeadersV4 = ETH_HLEN + 20 + kUdpHeaderBytes;
constexpr int32_t kHeadersV6 = ETH_HLEN + 40 + kUdpHeaderBytes;
constexpr int32_t kSourceOffset = ETH_ALEN;  // of the source in an Ethernet header; the type follows it

constexpr uint8_t kFrame = BPF_REG_6;  // survives calls
constexpr uint8_t kValue = BPF_REG_7;
constexpr uint8_t kLate = BPF_REG_8;

bpf_insn load64(uint8_t to, uint8_t from, int16_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_DW, to, from, offset, 0);
}
bpf_insn store64_of(uint8_t to, int16_t offset, uint8_t from) {
  return instruction(BPF_STX | BPF_MEM | BPF_DW, to, from, offset, 0);
}
bpf_insn unless_less(uint8_t value, int32_t constant) {  // signed
  return instruction(BPF_JMP | BPF_JSGE | BPF_K, value, 0, 0, constant);
}
constexpr int16_t place_of(size_t count) {
  return static_cast<int16_t>(count * sizeof(uint64_t));
}
bpf_insn shift_right(uint8_t to, int32_t bits) {
  return instruction(BPF_ALU64 | BPF_RSH | BPF_K, to, 0, 0, bits);
}
bpf_insn if_above(uint8_t value, int32_t constant) {
  return instruction(BPF_JMP | BPF_JGT | BPF_K, value, 0, 0, constant);
}

// Copies `bytes` from the frame to the stack at `place` (below the frame pointer).
void load_frame(Assembly& program, int32_t offset, int16_t place, int32_t bytes, Assembly::Label failed) {
  program.put({move(BPF_REG_1, kFrame), set(BPF_REG_2, offset), move(BPF_REG_3, BPF_REG_10),
               add(BPF_REG_3, place), set(BPF_REG_4, bytes), call(BPF_FUNC_skb_load_bytes)});
  program.put(unless_equal(BPF_REG_0, 0), failed);
}

template <typename Word>
Word word_of(const uint8_t* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

}  // namespace

std::vector<bpf_insn> assemble_underlay_program(const ClockProgram& program) {
  CUTTLE_CHECK(program.hardware_address.size() == ETH_ALEN, "an Ethernet device's address");
  Assembly code;
  const auto go_on = code.label();
  const auto is_cell = code.label();
  const auto v4 = code.label();
  const auto have_due = code.label();
  const auto not_early = code.label();
  const auto beyond = code.label();
  const auto count = code.label();
  const auto drop = code.label();

  code.put({move(kFrame, BPF_REG_1), load32(kValue, kFrame, offsetof(__sk_buff, mark))});
  code.put(unless_equal32(kValue, program.firewall_mark), go_on);
  load_frame(code, kSourceOffset, -8, 8, go_on);
  code.put({load32(kValue, BPF_REG_10, -8)});
  code.put(unless_equal32(kValue, word_of<uint32_t>(program.hardware_address.data())), go_on);
  code.put({load16(kValue, BPF_REG_10, -4)});
  code.put(unless_equal32(kValue, word_of<uint16_t>(program.hardware_address.data() + 4)), go_on);

  code.put({load32(kValue, kFrame, offsetof(__sk_buff, gso_size)),
            load32(kLate, kFrame, offsetof(__sk_buff, len))});
  for (const uint32_t bytes : program.cell_bytes) {
    code.put(if_equal(kValue, static_cast<int32_t>(bytes)), is_cell);
    code.put(if_equal(kLate, static_cast<int32_t>(bytes) + kHeadersV4), is_cell);
    code.put(if_equal(kLate, static_cast<int32_t>(bytes) + kHeadersV6), is_cell);
  }

  // A pause. Its payload begins with the instant at which it was to pass; 0: nothing is to be counted.
  code.put({load16(kValue, BPF_REG_10, -2), network16(kValue)});
  code.put(if_equal(kValue, ETH_P_IP), v4);
  load_frame(code, kHeadersV6, -16, 8, drop);
  code.put(always(), have_due);
  code.place(v4);
  load_frame(code, kHeadersV4, -16, 8, drop);
  code.place(have_due);
  code.put({load64(kLate, BPF_REG_10, -16)});
  code.put(if_equal(kLate, 0), drop);
  code.put({call(BPF_FUNC_ktime_get_ns), move(kValue, BPF_REG_0),
            load_constant_first(BPF_REG_1, program.clock_offset.ns),
            load_constant_second(program.clock_offset.ns), add_of(kValue, BPF_REG_1),
            subtract_of(kValue, kLate), store32(BPF_REG_10, -20, 0), move(BPF_REG_2, BPF_REG_10),
            add(BPF_REG_2, -20), load_map_first(BPF_REG_1, program.late_map), load_map_second(),
            call(BPF_FUNC_map_lookup_elem)});
  code.put(if_equal(BPF_REG_0, 0), drop);
  code.put({store64_of(BPF_REG_0, place_of(kLastLatePlace), kValue), set(BPF_REG_1, 1),
            atomic_add64(BPF_REG_0, place_of(kPassedPlace), BPF_REG_1)});
  code.put(unless_less(kValue, -static_cast<int32_t>(QueueWatch::kEarly.ns)), not_early);
  code.put({atomic_add64(BPF_REG_0, place_of(kEarlyPlace), BPF_REG_1)});
  code.put(always(), drop);
  code.place(not_early);
  code.put(if_negative(kValue), count);  // as not late
  code.put({shift_right(kValue, kLateUnitLog2)});
  // Each sum has one kind of summand, from one path, or a kernel that gives this process CAP_BPF alone
  // refuses the program.
  code.put(if_above(kValue, kLateBuckets - 1), beyond);
  code.put({shift_left(kValue, 3), add_of(BPF_REG_0, kValue)});
  code.put(always(), count);
  code.place(beyond);
  code.put({add(BPF_REG_0, (kLateBuckets - 1) * sizeof(uint64_t))});
  code.place(count);
  code.put({set(kValue, 1), atomic_add64(BPF_REG_0, 0, kValue)});
  code.place(drop);
  code.put({set(BPF_REG_0, TC_ACT_SHOT), leave()});

  code.place(is_cell);
  code.put({set(kValue, 0), store32_of(kFrame, offsetof(__sk_buff, priority), kValue),
            load32(BPF_REG_1, kFrame, offsetof(__sk_buff, ifindex)), set(BPF_REG_2, 0), set(BPF_REG_3, 0),
            set(BPF_REG_4, 0), call(BPF_FUNC_redirect_neigh), leave()});
  code.place(go_on);
  code.put({set(BPF_REG_0, TC_ACT_UNSPEC), leave()});
  return code.finish();
}

std::vector<bpf_insn> assemble_entry_program(uint32_t firewall_mark, uint32_t user) {
  Assembly code;
  const auto drop = code.label();
  code.put({load32(kValue, BPF_REG_1, offsetof(__sk_buff, mark))});
  code.put(unless_equal32(kValue, firewall_mark), drop);
  code.put({call(BPF_FUNC_get_socket_uid)});
  code.put(unless_equal32(BPF_REG_0, user), drop);
  code.put({set(BPF_REG_0, TC_ACT_UNSPEC), leave()});
  code.place(drop);
  code.put({set(BPF_REG_0, TC_ACT_SHOT), leave()});
  return code.finish();
}

std::vector<bpf_insn> assemble_deaf_program() {
  return {set(BPF_REG_0, TC_ACT_SHOT), leave()};
}

Result<FileDescriptor> create_late_map() {
  return create_array(kLateMapCounts * sizeof(uint64_t));
}

}  // namespace cuttle
