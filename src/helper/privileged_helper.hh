// The second process of `cuttle up`: it keeps the privileges that changing the machine takes, and reads the
// files, so that the process that parses unknown sources' datagrams needs neither. It hears that process
// alone, and does what the configuration asks for that it has read itself (protocol.hh). When that process
// ends, however, so does the helper, and leaves routes and guard as they are.
#pragma once

#include <memory>

#include "base/result.hh"
#include "io/channel.hh"
#include "node/local_machine.hh"
#include "node/machine.hh"

namespace cuttle::helper {

// Call on the main thread, before other threads start, secrets are read or privileges are given away; the
// helper has all that this process has now, until the start is over (Machine::settle).
Result<std::unique_ptr<Machine>> start_privileged_helper(const LocalMachineOptions& options);

// What the helper does until the other end is gone, or does not take an answer.
void serve_agent(const Channel& channel, LocalMachineOptions options);

}  // namespace cuttle::helper
