#include "recorder.hh"

#include <pthread.h>
#include <sys/mman.h>

#include <ctime>

namespace cuttle::trace {

namespace {

std::atomic<ClientRecords*> g_records{nullptr};

}  // namespace

bool open_recorder(int fd) {
  void* memory = mmap(nullptr, sizeof(ClientRecords), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return false;
  g_records.store(static_cast<ClientRecords*>(memory), std::memory_order_release);
  return true;
}

void record(RecordKind kind, Call call, int64_t ns, int64_t result) {
  ClientRecords* all = g_records.load(std::memory_order_acquire);
  if (all == nullptr) return;
  const uint32_t index = all->used.fetch_add(1, std::memory_order_relaxed);
  if (index >= kMaxRecords) return;
  ClientRecord& entry = all->records[index];
  entry.call = static_cast<uint32_t>(call);
  entry.ns = ns;
  entry.thread = static_cast<uint64_t>(pthread_self());
  entry.result = result;
  entry.kind.store(static_cast<uint32_t>(kind), std::memory_order_release);
}

void record_now(RecordKind kind, Call call, int64_t result) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  record(kind, call, int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec, result);
}

}  // namespace cuttle::trace
