#include "io/bpf_program.hh"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "io/os_error.hh"

namespace cuttle::bpf {
namespace {

constexpr std::string_view kAdvice = "it needs CAP_BPF (or root)";

int bpf_call(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

uint64_t as_kernel_pointer(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

}  // namespace

Result<FileDescriptor> create_counter() {
  return create_array(sizeof(Dropped));
}

Result<FileDescriptor> create_array(size_t value_bytes, uint32_t flags) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = sizeof(uint32_t);
  attributes.value_size = static_cast<uint32_t>(value_bytes);
  attributes.max_entries = 1;
  attributes.map_flags = flags;
  FileDescriptor map(bpf_call(BPF_MAP_CREATE, attributes));
  if (!map) return os_failure("cannot create a BPF map", errno, kAdvice);
  return map;
}

Dropped read_counter(int map) {
  const uint32_t key = 0;
  Dropped value;
  bpf_attr attributes{};
  attributes.map_fd = static_cast<uint32_t>(map);
  attributes.key = as_kernel_pointer(&key);
  attributes.value = as_kernel_pointer(&value);
  return bpf_call(BPF_MAP_LOOKUP_ELEM, attributes) == 0 ? value : Dropped{};
}

Result<FileDescriptor> create_prefix_map(size_t key_bytes, size_t value_bytes, size_t entries) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_LPM_TRIE;
  attributes.key_size = static_cast<uint32_t>(sizeof(uint32_t) + key_bytes);
  attributes.value_size = static_cast<uint32_t>(value_bytes);
  attributes.max_entries = static_cast<uint32_t>(entries);
  attributes.map_flags = BPF_F_NO_PREALLOC;  // the only way for this type
  FileDescriptor map(bpf_call(BPF_MAP_CREATE, attributes));
  if (!map) return os_failure("cannot create a BPF map", errno, kAdvice);
  return map;
}

Result<void> put_prefix(int map, std::span<const uint8_t> key, uint32_t prefix_bits, const void* value) {
  std::vector<uint8_t> whole(sizeof(prefix_bits) + key.size());
  std::memcpy(whole.data(), &prefix_bits, sizeof(prefix_bits));
  std::memcpy(whole.data() + sizeof(prefix_bits), key.data(), key.size());
  bpf_attr attributes{};
  attributes.map_fd = static_cast<uint32_t>(map);
  attributes.key = as_kernel_pointer(whole.data());
  attributes.value = as_kernel_pointer(value);
  attributes.flags = BPF_ANY;
  if (bpf_call(BPF_MAP_UPDATE_ELEM, attributes) != 0) return os_failure("cannot fill a BPF map", errno);
  return {};
}

Result<FileDescriptor> load_program(bpf_prog_type type, std::span<const bpf_insn> program) {
  static constexpr char kLicence[] = "Apache-2.0";  // no function reserved for the GPL is called
  bpf_attr attributes{};
  attributes.prog_type = type;
  attributes.insns = as_kernel_pointer(program.data());
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.license = as_kernel_pointer(kLicence);
  FileDescriptor loaded(bpf_call(BPF_PROG_LOAD, attributes));
  if (!loaded) return os_failure("cannot load a BPF program", errno, kAdvice);
  return loaded;
}

}  // namespace cuttle::bpf
