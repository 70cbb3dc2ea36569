// Who is who in a capture: the nodes by name, the directed links between them, and which packets are cells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hh"
#include "capture/packet_record.hh"

namespace cuttle::capture {

struct Node {
  std::string name;
  IpAddress address;
};

// A directed link by the positions of its ends in a NodeList.
struct LinkEnds {
  size_t from = 0;
  size_t to = 0;
  auto operator<=>(const LinkEnds&) const = default;
};

class NodeList {
 public:
  // "mon=10.77.0.10,osd0=10.77.0.11": at least two, names and addresses unique.
  static Result<NodeList> parse(std::string_view text);

  size_t size() const { return nodes_.size(); }
  const Node& at(size_t index) const { return nodes_[index]; }
  std::optional<size_t> find(const IpAddress& address) const;
  // The link a packet travels; nullopt unless both its ends are nodes.
  std::optional<LinkEnds> link_of(const PacketRecord& record) const;
  std::string link_name(LinkEnds link) const;  // "mon -> osd0"
  std::string addresses_text() const;          // "10.77.0.10, 10.77.0.11"

 private:
  std::vector<Node> nodes_;
};

// What makes a packet a cell on the wire.
struct CellShape {
  uint16_t port = 4410;
  uint16_t lanes = 1;  // lane j uses port + j at both ends
  uint32_t cell_bytes = 1472;

  // Unfragmented UDP between equal lane ports, of whatever size.
  bool is_on_port(const PacketRecord& record) const;
  bool is_cell(const PacketRecord& record) const {
    return is_on_port(record) && record.udp_payload_bytes == cell_bytes;
  }
  // Cells in a record: 1, more for a train that was captured whole, 0 for whatever is no cell.
  uint32_t cells_in(const PacketRecord& record) const {
    const bool even = cell_bytes > 0 && is_on_port(record) && record.udp_payload_bytes % cell_bytes == 0;
    return even ? record.udp_payload_bytes / cell_bytes : 0;
  }
};

// The error where a link's packets come from more than one interface: each would count several times.
std::string two_interfaces_text(const std::string& capture, const std::string& link, const std::string& one,
                                const std::string& other);

// One line for a person: "UDP 10.77.0.10:68 -> 10.77.0.11:67, 328 bytes".
std::string describe(const PacketRecord& record);

}  // namespace cuttle::capture
