// A second process of ours beside this one, for as long as this one lives: it keeps a privilege that this one
// gives away, and hears nobody else.
#pragma once

#include <functional>
#include <string>

#include "base/result.hh"
#include "io/channel.hh"

namespace cuttle {

// `serve` runs there, with the other end of the channel that is returned; when it returns, so ends the
// process. When this process ends, however, the other is killed at once, in the midst of whatever it does.
// Signals that ask for an end are this process's: a ^C on the terminal, and what systemd sends to all
// processes of a unit. Its memory is locked and its priority high, where that is permitted. Call on the main
// thread, before other threads start, secrets are read or privileges are given away. `name` is what ps shows,
// 15 characters.
Result<Channel> start_second_process(const std::string& name,
                                     const std::function<void(const Channel&)>& serve);

// In the second process: it is killed when the first one ends. Once more whenever it became another user,
// for the kernel forgets it then; a first one that has ended meanwhile shows in the channel.
void end_with_first_process();

}  // namespace cuttle
