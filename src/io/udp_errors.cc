#include "io/udp_errors.hh"

#include <fstream>
#include <sstream>
#include <string>

namespace cuttle {
namespace {

// A line of names, then one of numbers: "Udp: InDatagrams ... InCsumErrors ...".
uint64_t of_version_4() {
  std::ifstream file("/proc/net/snmp");
  std::string names;
  std::string numbers;
  while (std::getline(file, names) && std::getline(file, numbers)) {
    if (!names.starts_with("Udp: ")) continue;
    std::istringstream name_words(names);
    std::istringstream number_words(numbers);
    std::string name;
    std::string number;
    while (name_words >> name && number_words >> number) {
      if (name == "InCsumErrors") return std::stoull(number);
    }
  }
  return 0;
}

// A line each: "Udp6InCsumErrors   0".
uint64_t of_version_6() {
  std::ifstream file("/proc/net/snmp6");
  std::string name;
  uint64_t number = 0;
  while (file >> name >> number) {
    if (name == "Udp6InCsumErrors") return number;
  }
  return 0;
}

}  // namespace

uint64_t udp_checksum_errors() {
  return of_version_4() + of_version_6();
}

}  // namespace cuttle
