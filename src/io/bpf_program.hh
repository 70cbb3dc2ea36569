// Assembling and loading small eBPF programs by hand: the few instructions that Cuttle's filters need.
// Source: RFC 9669 (BPF instruction set); Linux bpf(2).
#pragma once

#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.hh"
#include "io/file_descriptor.hh"

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
// The map's address takes two instructions' room.
inline bpf_insn load_map_first(uint8_t to, int map) {
  return instruction(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, map);
}
inline bpf_insn load_map_second() {
  return instruction(0, 0, 0, 0, 0);
}
inline bpf_insn call(int32_t function) {
  return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, function);
}
inline bpf_insn leave() {
  return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

// What a filter counts: datagrams, and the packets they came in (a received train is one packet).
struct Dropped {
  uint64_t datagrams = 0;
  uint64_t packets = 0;
};

// A map of one Dropped, under the key 0, for a CounterView. User space can read it, but not write.
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

// Loads a socket filter; it returns the octets to keep.
Result<FileDescriptor> load_socket_filter(std::span<const bpf_insn> program);

}  // namespace cuttle::bpf
