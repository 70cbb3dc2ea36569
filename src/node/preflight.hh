// Whether this machine can run this configuration: what `cuttle check` and `cuttle up` find out before
// anything is changed. Reads, never writes.
#pragma once

#include "config/config.hh"
#include "config/problem.hh"

namespace cuttle {

// Notes a missing capability, an own address that the machine does not have, a cell larger than the interface
// towards the peer allows, strict reverse-path filtering there, an interface name that belongs to something
// else.
void check_machine(const NodeConfig& config, const SourceMap& lines, Problems& problems);
// Its two halves: what a start asks of the process alone, and the rest, which a reload asks, too.
void check_process(const NodeConfig& config, const SourceMap& lines, Problems& problems);
// Of a node that runs, an own address that is away for the moment is no error, or what is to be closed would
// wait until it is back.
enum class Asks { start, reload };
void check_network(const NodeConfig& config, const SourceMap& lines, Problems& problems,
                   Asks asks = Asks::start);

}  // namespace cuttle
