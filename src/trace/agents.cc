#include "trace/agents.hh"

#include <fmt/format.h>

#include "control/client.hh"

namespace cuttle::trace {

namespace {

constexpr Duration kStatusTimeout = milliseconds(500);

uint64_t data_sent(const LinkStatus& link) {
  return link.cells_sent - link.cells_sent_dummy;
}

uint64_t data_received(const LinkStatus& link) {
  return link.cells_received - link.cells_received_dummy;
}

const LinkStatus* same_link(const std::vector<StatusSnapshot>& all, const std::string& node,
                            const std::string& name) {
  for (const StatusSnapshot& status : all) {
    if (status.node != node) continue;
    if (const LinkStatus* link = link_named(status, name)) return link;
  }
  return nullptr;
}

}  // namespace

std::vector<StatusSnapshot> ask_agents(const std::vector<std::string>& sockets,
                                       std::vector<std::string>& notices) {
  std::vector<StatusSnapshot> all;
  for (const std::string& socket : sockets) {
    const auto answer = ask_agent(socket, "status", kStatusTimeout);
    const auto status = answer ? status_from_json(*answer) : tl::unexpected(answer.error());
    if (status) {
      all.push_back(*status);
    } else {
      notices.push_back(fmt::format("{}: {}", socket, status.error().message));
    }
  }
  return all;
}

std::vector<LinkUse> link_uses(const std::vector<StatusSnapshot>& before,
                               const std::vector<StatusSnapshot>& after) {
  std::vector<LinkUse> uses;
  for (const StatusSnapshot& status : after) {
    for (const LinkStatus& link : status.links) {
      const LinkStatus* earlier = same_link(before, status.node, link.name);
      if (earlier == nullptr) continue;
      LinkUse use;
      use.agent = status.node;
      use.name = link.name;
      use.endpoint = link.endpoint;
      use.slot_ns = link.slot_ns;
      use.cells_per_slot = link.cells_per_slot;
      use.cell_bytes = link.cell_bytes;
      use.lanes = link.lanes;
      use.cells_sent = link.cells_sent - earlier->cells_sent;
      use.data_cells_sent = data_sent(link) - data_sent(*earlier);
      use.data_cells_received = data_received(link) - data_received(*earlier);
      uses.push_back(std::move(use));
    }
  }
  return uses;
}

}  // namespace cuttle::trace
