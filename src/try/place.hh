// Where a trial of Cuttle on one machine happens: what it is called, and what it makes.
//
//   a: u0 10.77.0.1  ------ a cable (veth) ------  u0 10.77.0.2 :b
#pragma once

#include <array>
#include <string>

#include "base/ip.hh"

namespace cuttle::trial {

struct Node {
  std::string name;         // "a"
  std::string name_space;   // "cuttle-try-a"
  std::string folder_file;  // "/run/cuttle-try/a": with .toml, .key, .sock and .log behind it
  IpAddress address;

  std::string file(const char* ending) const { return folder_file + ending; }
};

struct Place {
  std::string name;    // "try"
  std::string folder;  // "/run/cuttle-try", for root alone
  std::array<Node, 2> nodes;
};

inline constexpr const char* kCable = "u0";  // each node's end of it
inline constexpr uint16_t kPort = 4410;
inline constexpr const char* kRate = "50 Mb/s";
inline constexpr uint32_t kCellBytes = 1472;

Place place_of(const std::string& name);

}  // namespace cuttle::trial
