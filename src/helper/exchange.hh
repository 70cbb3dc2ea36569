// Requests and answers (protocol.hh) over a channel.
#pragma once

#include <string>
#include <vector>

#include "helper/service.hh"
#include "io/channel.hh"

namespace cuttle::helper {

// What comes of an answer. Its bytes may hold keys: wipe them.
struct Heard {
  bool done = false;
  std::string bytes;
  std::vector<FileDescriptor> descriptors;
};

// An error: the other process is gone, slow, or says what is no answer. Nothing can be asked afterwards.
Result<Heard> ask(const Channel& channel, const Request& request, Instant until);

Result<void> send_answer(const Channel& channel, const Answer& answer, Instant until);

}  // namespace cuttle::helper
