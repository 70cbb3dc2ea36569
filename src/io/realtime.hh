// What keeps other work on the machine from delaying a release. Each call says in one line why the system
// refused; the agent then runs without, and says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hh"

namespace cuttle {

// Among threads of one priority on one CPU: whoever runs does so until it waits (SCHED_FIFO), or they take
// turns (SCHED_RR).
enum class AmongEquals { until_it_waits, in_turns };
// Real-time priority for the calling thread, and the finest timer slack. Needs CAP_SYS_NICE or an rtprio
// limit.
Result<void> set_realtime_priority(int priority, AmongEquals among_equals = AmongEquals::until_it_waits);
// The calling thread goes before whatever has ordinary priority (nice -20). Needs CAP_SYS_NICE.
Result<void> set_high_priority();
// All memory of the process, now and later: no page fault on the data path, no key on a disk. Needs
// CAP_IPC_LOCK or a memlock limit.
Result<void> lock_memory();
// What the calling thread, and every one that it starts from now on, needs of memory, the kernel finds
// without writing anything back: storage over the links may be what it would have to write to
// (PR_SET_IO_FLUSHER, prctl(2)). Needs CAP_SYS_RESOURCE.
Result<void> spare_write_back();
// On which CPUs the calling thread may run.
std::vector<uint32_t> thread_cpus();
// The calling thread, or another of this process, runs on these CPUs only.
Result<void> set_thread_cpus(const std::vector<uint32_t>& cpus, int32_t thread = 0);
int32_t current_thread();
// Where it runs just now.
uint32_t current_cpu();
// As shown by ps and top; cut to 15 characters.
void name_thread(const std::string& name);

}  // namespace cuttle
