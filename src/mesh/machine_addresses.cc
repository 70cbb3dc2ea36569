#include "mesh/machine_addresses.hh"

namespace cuttle::mesh {

namespace {

// Of a network of IPv4: all of its hosts, and itself, which old kernels take for the same.
void add_ends_of_network(const LocalAddress& local, std::vector<IpAddress>& out) {
  if (local.address.is_v6 || local.prefix_length >= 31) return;
  IpAddress first = local.address;
  IpAddress last = local.address;
  for (size_t bit = local.prefix_length; bit < 32; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
    first.bytes[bit / 8] &= static_cast<uint8_t>(~mask);
    last.bytes[bit / 8] |= mask;
  }
  out.push_back(first);
  out.push_back(last);
}

}  // namespace

MachineAddresses addresses_of_machine(const std::vector<LocalAddress>& local) {
  MachineAddresses addresses;
  for (const LocalAddress& one : local) {
    if (one.address.is_loopback() || one.address.is_link_local()) continue;
    addresses.own.push_back(one.address);
    add_ends_of_network(one, addresses.ends_of_networks);
  }
  return addresses;
}

}  // namespace cuttle::mesh
