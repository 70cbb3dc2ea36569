#include "try/place.hh"

namespace cuttle::trial {

Place place_of(const std::string& name) {
  Place place{name, "/run/cuttle-" + name, {}};
  const auto node = [&](const char* letter, const char* address) {
    return Node{letter, "cuttle-" + name + "-" + letter, place.folder + "/" + letter,
                IpAddress::parse(address).value()};
  };
  place.nodes = {node("a", "10.77.0.1"), node("b", "10.77.0.2")};
  return place;
}

}  // namespace cuttle::trial
