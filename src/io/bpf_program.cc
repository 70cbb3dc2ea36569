#include "io/bpf_program.hh"

#include <sys/mman.h>
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

Result<FileDescriptor> create_array(size_t value_bytes) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = sizeof(uint32_t);
  attributes.value_size = static_cast<uint32_t>(value_bytes);
  attributes.max_entries = 1;
  attributes.map_flags = BPF_F_MMAPABLE;
  FileDescriptor map(bpf_call(BPF_MAP_CREATE, attributes));
  if (!map) return os_failure("cannot create a BPF map", errno, kAdvice);
  attributes = {};
  attributes.map_fd = static_cast<uint32_t>(map.get());
  if (bpf_call(BPF_MAP_FREEZE, attributes) != 0) return os_failure("cannot freeze a BPF map", errno, kAdvice);
  return map;
}

Result<CounterView> CounterView::of(int map) {
  void* page = ::mmap(nullptr, sizeof(Dropped), PROT_READ, MAP_SHARED, map, 0);
  if (page == MAP_FAILED) return os_failure("cannot map the counter of a socket filter", errno);
  return CounterView(page);
}

CounterView::~CounterView() {
  if (page_ != nullptr) ::munmap(page_, sizeof(Dropped));
}

Dropped CounterView::read() const {
  if (page_ == nullptr) return {};
  const auto* counts = static_cast<const Dropped*>(page_);
  return {__atomic_load_n(&counts->datagrams, __ATOMIC_RELAXED),
          __atomic_load_n(&counts->packets, __ATOMIC_RELAXED)};
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
