// What each process of a running node keeps (docs/threat-model.md, "Who holds which privilege"). The one that
// parses unknown sources' datagrams: two capabilities for its threads, and few system calls. Its helper: what
// it takes to change the network, and to read the files.
#pragma once

#include <string>

#include "base/result.hh"
#include "io/system_calls.hh"

namespace cuttle {

// `user`: whom the process becomes; empty: it stays who it is. Before any thread starts that is not to keep
// what this one has.
Result<void> confine_agent(const std::string& user, const SystemCalls& more = {});

// The same user, so that what it opens later belongs with what the agent has.
Result<void> confine_helper(const std::string& user);

}  // namespace cuttle
