// Where the agent's messages go: stderr. Under systemd each line begins with its priority, as the journal
// takes it, and has no time of its own (sd-daemon(3)); elsewhere it has one.
#pragma once

namespace cuttle {

enum class LogForm {
  text,
  json,  // an object a line: time, level, message
};

// Call once, before any other thread runs.
void start_log(bool verbose, LogForm form = LogForm::text);

}  // namespace cuttle
