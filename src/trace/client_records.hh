// What the traced client leaves beside its log: the moments it entered and left each librados call, and every
// reading of the coarse clock. It lies in memory shared with the tracer, so that it survives a client that
// hangs and has to be ended.
//
// Written by any thread of the client without a lock; read by the tracer when the client is gone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace cuttle::trace {

enum class RecordKind : uint32_t {
  clock = 1,    // a reading of CLOCK_REALTIME_COARSE: `thread` had a log line stamped at `ns`
  begin = 2,    // the librados call `call` was entered
  end = 3,      // it returned `result`
  version = 4,  // the object's version is `result`
  elapsed =
      5,  // `result` nanoseconds went by, by the client's own steady clock, from its first call to its last
  size = 6,  // `result` bytes were written or read
};

// In the order in which they are made.
enum class Call : uint32_t { create, configure, connect, open_pool, operate, close };

struct ClientRecord {
  std::atomic<uint32_t> kind;  // a RecordKind; 0 until the rest is written
  uint32_t call;
  int64_t ns;       // CLOCK_REALTIME
  uint64_t thread;  // pthread_self(), as Ceph's log prints it
  int64_t result;
};

inline constexpr size_t kMaxRecords = 65536;

struct ClientRecords {
  std::atomic<uint32_t> used;  // may run past kMaxRecords: those were dropped
  ClientRecord records[kMaxRecords];
};

static_assert(std::atomic<uint32_t>::is_always_lock_free, "shared between processes");
static_assert(std::is_standard_layout_v<ClientRecord>, "shared between processes");

}  // namespace cuttle::trace
