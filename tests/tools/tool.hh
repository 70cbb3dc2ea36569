// What the helper programs share: how they end. They print one JSON document on stdout.
#pragma once

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "io/os_error.hh"

namespace cuttle::tools {

[[noreturn]] inline void die(const std::string& message) {
  std::cerr << message << "\n";
  std::exit(1);
}

[[noreturn]] inline void die_of_errno(const std::string& what) {
  die(what + ": " + os_error_text(errno));
}

inline void print(const nlohmann::json& document) {
  std::cout << document.dump() << std::endl;
}

// Set by SIGTERM and SIGINT, once stop_on_signals was called.
inline volatile std::sig_atomic_t stopping = 0;

inline void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stopping = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

}  // namespace cuttle::tools
