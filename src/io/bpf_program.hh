// Assembling and loading small eBPF programs by hand: the few instructions that Cuttle's filters need.
// Source: RFC 9669 (BPF instruction set); Linux bpf(2).
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/file_descriptor.hh"
#include "base/result.hh"

namespace cuttle::bpf {

inline bpf_insn instruction(uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t constant) {
  return {code, static_cast<uint8_t>(to & 0xf), static_cast<uint8_t>(from & 0xf), offset, constant};
}
// to = from
inline bpf_insn move(uint8_t to, uint8_t from) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
// to = constant, sign-extended
inline bpf_insn set(uint8_t to, int32_t constant) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, constant);
}
inline bpf_insn add(uint8_t to, int32_t constant) {
  return instruction(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, constant);
}
// to = 32 bits at from + offset
inline bpf_insn load32(uint8_t to, uint8_t from, int16_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, to, from, offset, 0);
}
// 32 bits at to + offset = constant
inline bpf_insn store32(uint8_t to, int16_t offset, int32_t constant) {
  return instruction(BPF_ST | BPF_MEM | BPF_W, to, 0, offset, constant);
}
// 8 and 16 bits, zero-extended; as they stand in memory
inline bpf_insn load8(uint8_t to, uint8_t from, int16_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_B, to, from, offset, 0);
}
inline bpf_insn load16(uint8_t to, uint8_t from, int16_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_H, to, from, offset, 0);
}
// 16 or 32 bits at to + offset = from
inline bpf_insn store16_of(uint8_t to, int16_t offset, uint8_t from) {
  return instruction(BPF_STX | BPF_MEM | BPF_H, to, from, offset, 0);
}
inline bpf_insn store32_of(uint8_t to, int16_t offset, uint8_t from) {
  return instruction(BPF_STX | BPF_MEM | BPF_W, to, from, offset, 0);
}
// Between network order and the machine's: the low 16 bits, the rest becomes 0.
inline bpf_insn network16(uint8_t value) {
  return instruction(BPF_ALU | BPF_END | BPF_TO_BE, value, 0, 0, 16);
}
inline bpf_insn bit_and(uint8_t to, int32_t constant) {
  return instruction(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, constant);
}
inline bpf_insn bit_or(uint8_t to, int32_t constant) {
  return instruction(BPF_ALU64 | BPF_OR | BPF_K, to, 0, 0, constant);
}
inline bpf_insn shift_left(uint8_t to, int32_t bits) {
  return instruction(BPF_ALU64 | BPF_LSH | BPF_K, to, 0, 0, bits);
}
inline bpf_insn add_of(uint8_t to, uint8_t from) {
  return instruction(BPF_ALU64 | BPF_ADD | BPF_X, to, from, 0, 0);
}
inline bpf_insn subtract_of(uint8_t to, uint8_t from) {
  return instruction(BPF_ALU64 | BPF_SUB | BPF_X, to, from, 0, 0);
}
// 64 bits at to + offset += from, atomically
inline bpf_insn atomic_add64(uint8_t to, int16_t offset, uint8_t from) {
  return instruction(BPF_STX | BPF_ATOMIC | BPF_DW, to, from, offset, BPF_ADD);
}
// Skips `distance` instructions when the register equals, or does not equal, the constant.
inline bpf_insn jump_if_equal(uint8_t value, int32_t constant, int16_t distance) {
  return instruction(BPF_JMP | BPF_JEQ | BPF_K, value, 0, distance, constant);
}
inline bpf_insn jump_unless_equal(uint8_t value, int32_t constant, int16_t distance) {
  return instruction(BPF_JMP | BPF_JNE | BPF_K, value, 0, distance, constant);
}
// The same for a longer program, whose jumps go to labels (bpf_assembly.hh); numbers are unsigned.
inline bpf_insn if_equal(uint8_t value, int32_t constant) {
  return jump_if_equal(value, constant, 0);
}
inline bpf_insn unless_equal(uint8_t value, int32_t constant) {
  return jump_unless_equal(value, constant, 0);
}
// Compares 32 bits, so that a constant with the highest one set is not sign-extended.
inline bpf_insn unless_equal32(uint8_t value, uint32_t constant) {
  return instruction(BPF_JMP32 | BPF_JNE | BPF_K, value, 0, 0, static_cast<int32_t>(constant));
}
inline bpf_insn unless_same(uint8_t value, uint8_t other) {
  return instruction(BPF_JMP | BPF_JNE | BPF_X, value, other, 0, 0);
}
inline bpf_insn if_same(uint8_t value, uint8_t other) {
  return instruction(BPF_JMP | BPF_JEQ | BPF_X, value, other, 0, 0);
}
inline bpf_insn unless_below(uint8_t value, uint8_t other) {
  return instruction(BPF_JMP | BPF_JGE | BPF_X, value, other, 0, 0);
}
inline bpf_insn if_negative(uint8_t value) {
  return instruction(BPF_JMP | BPF_JSLT | BPF_K, value, 0, 0, 0);
}
inline bpf_insn if_any_bit(uint8_t value, int32_t bits) {
  return instruction(BPF_JMP | BPF_JSET | BPF_K, value, 0, 0, bits);
}
inline bpf_insn always() {
  return instruction(BPF_JMP | BPF_JA, 0, 0, 0, 0);
}
// The map's address takes two instructions' room.
inline bpf_insn load_map_first(uint8_t to, int map) {
  return instruction(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, map);
}
inline bpf_insn load_map_second() {
  return instruction(0, 0, 0, 0, 0);
}
// A constant of 64 bits, which takes two instructions' room as well.
inline bpf_insn load_constant_first(uint8_t to, int64_t value) {
  return instruction(BPF_LD | BPF_DW | BPF_IMM, to, 0, 0, static_cast<int32_t>(value));
}
inline bpf_insn load_constant_second(int64_t value) {
  return instruction(0, 0, 0, 0, static_cast<int32_t>(value >> 32));
}
inline bpf_insn call(int32_t function) {
  return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, function);
}
inline bpf_insn leave() {
  return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

// A map that finds the longest prefix that a key begins with; `key_bytes` without the prefix length in front.
Result<FileDescriptor> create_prefix_map(size_t key_bytes, size_t value_bytes, size_t entries);
// `key`: of the map's key size, of which the first `prefix_bits` count.
Result<void> put_prefix(int map, std::span<const uint8_t> key, uint32_t prefix_bits, const void* value);

// What a filter counts: datagrams, and the packets they came in (a received train is one packet).
struct Dropped {
  uint64_t datagrams = 0;
  uint64_t packets = 0;
};

// A map of one value of so many bytes, under the key 0. User space can map it to read, but not write it.
Result<FileDescriptor> create_array(size_t value_bytes);
// Of one Dropped, for a CounterView.
Result<FileDescriptor> create_counter();

// What a map of create_counter() holds, mapped into memory: reading it takes no system call, so who counts
// needs no right to bpf(2). The map's descriptor may be closed meanwhile. Any thread.
class CounterView {
 public:
  static Result<CounterView> of(int map);
  CounterView() = default;  // of nothing: zeros
  CounterView(CounterView&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}
  CounterView& operator=(CounterView&& other) noexcept {
    std::swap(page_, other.page_);
    return *this;
  }
  ~CounterView();

  Dropped read() const;

 private:
  explicit CounterView(void* page) : page_(page) {}
  void* page_ = nullptr;
};

// Loads a program; what it returns means what its type says: of a socket filter (BPF_PROG_TYPE_SOCKET_FILTER)
// the bytes to keep, of a classifier at a traffic control hook (BPF_PROG_TYPE_SCHED_CLS) a TC_ACT_ verdict.
// A classifier needs CAP_NET_ADMIN, too.
Result<FileDescriptor> load_program(bpf_prog_type type, std::span<const bpf_insn> program);

}  // namespace cuttle::bpf
