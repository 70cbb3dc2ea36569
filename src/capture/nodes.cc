#include "capture/nodes.hh"

#include <fmt/format.h>

namespace cuttle::capture {

Result<NodeList> NodeList::parse(std::string_view text) {
  NodeList list;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return failure(fmt::format("nodes: `{}` is not NAME=ADDRESS, for example mon=10.77.0.10", part));
    }
    const auto address = IpAddress::parse(part.substr(equals + 1));
    if (!address) {
      return failure(fmt::format("nodes: `{}` is not an IP address, in `{}`", part.substr(equals + 1), part));
    }
    const std::string name(part.substr(0, equals));
    for (const Node& other : list.nodes_) {
      if (other.name == name) return failure(fmt::format("nodes: the name `{}` stands twice", name));
      if (other.address == *address) {
        return failure(
            fmt::format("nodes: {} is given to both `{}` and `{}`", address->to_string(), other.name, name));
      }
    }
    list.nodes_.push_back({name, *address});
  }
  if (list.nodes_.size() < 2) {
    return failure("nodes: at least two are needed, for example mon=10.77.0.10,osd0=10.77.0.11");
  }
  return list;
}

std::optional<size_t> NodeList::find(const IpAddress& address) const {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].address == address) return i;
  }
  return std::nullopt;
}

std::optional<LinkEnds> NodeList::link_of(const PacketRecord& record) const {
  const auto from = find(record.source);
  if (!from) return std::nullopt;
  const auto to = find(record.destination);
  if (!to || *from == *to) return std::nullopt;
  return LinkEnds{*from, *to};
}

std::string NodeList::link_name(LinkEnds link) const {
  return nodes_[link.from].name + " -> " + nodes_[link.to].name;
}

std::string NodeList::addresses_text() const {
  std::string text;
  for (const Node& node : nodes_) text += (text.empty() ? "" : ", ") + node.address.to_string();
  return text;
}

bool CellShape::is_on_port(const PacketRecord& record) const {
  return record.protocol == kProtocolUdp && !record.fragment &&
         record.source_port == record.destination_port && record.source_port >= port &&
         record.source_port < port + lanes;
}

std::string two_interfaces_text(const std::string& capture, const std::string& link, const std::string& one,
                                const std::string& other) {
  return fmt::format(
      "{}: link {} was captured on several interfaces, {} and {}, and one packet may pass both; capture on "
      "one "
      "(tcpdump -i DEV), or split the file",
      capture, link, one, other);
}

std::string describe(const PacketRecord& record) {
  std::string protocol = fmt::format("IP protocol {}", record.protocol);
  if (record.protocol == kProtocolTcp) protocol = "TCP";
  if (record.protocol == kProtocolUdp) protocol = "UDP";
  if (record.protocol == kProtocolIcmp || record.protocol == kProtocolIcmpV6) protocol = "ICMP";
  const bool ports = record.source_port != 0 || record.destination_port != 0;
  const auto end = [&](const IpAddress& address, uint16_t port) {
    return ports ? Endpoint{address, port}.to_string() : address.to_string();
  };
  return fmt::format("{} {} -> {}, {} bytes{}", protocol, end(record.source, record.source_port),
                     end(record.destination, record.destination_port), record.ip_bytes,
                     record.fragment ? ", a fragment" : "");
}

}  // namespace cuttle::capture
