// Where the agent's messages go: stderr. Under systemd each line begins with its priority, as the journal
// takes it, and has no time of its own (sd-daemon(3)); elsewhere it has one.
#pragma once

namespace cuttle {

// Call once, before any other thread runs.
void start_log(bool verbose);

}  // namespace cuttle
