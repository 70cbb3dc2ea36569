// The writing side of client_records.hh. Callable from any thread, also before and after main.
#pragma once

#include <cstdint>

#include "trace/client_records.hh"

namespace cuttle::trace {

// Maps the shared memory behind `fd`. False when it cannot; nothing is recorded then.
bool open_recorder(int fd);

void record(RecordKind kind, Call call, int64_t ns, int64_t result);
// With the present time.
void record_now(RecordKind kind, Call call, int64_t result);

}  // namespace cuttle::trace
