#include "node/assemble.hh"

#include <fmt/format.h>

#include <algorithm>

#include "config/shape_plan.hh"
#include "io/entropy.hh"
#include "io/links.hh"
#include "io/offloads.hh"
#include "io/routes.hh"
#include "node/seal_cost.hh"

namespace cuttle {

namespace {

uint64_t random_seed() {
  uint8_t octets[8];
  fill_with_entropy(octets);
  return load_be64(octets);
}

}  // namespace

DrawKey random_draw_key() {
  DrawKey key;
  fill_with_entropy(key.bytes());
  return key;
}

AssociationConfig association_config(const Assembly& assembly, size_t i, const SlotPlan& plan) {
  const PeerConfig& peer = assembly.config.peers[i];
  return {.keys = association_keys(assembly.config, assembly.keys, i),
          .format = wire::CellFormat(peer.shape.cell_bytes),
          .lanes = static_cast<uint8_t>(peer.lanes),
          .rate_bps = peer.shape.rate_bps,
          .slot_ns = static_cast<uint64_t>(plan.period().ns),
          // A slow link is quiet for many slots before it says that it is.
          .quiet_after = std::max(seconds(1), plan.period() * 10)};
}

namespace {

// Whether an interface has several queues is fixed for its life, so one that an earlier run of this node made
// for another number of lanes has to go. Blackholes and guard hold its traffic meanwhile.
Result<void> make_way(const NodeConfig& config, const PeerConfig& peer) {
  const auto link = find_link(peer.interface_name());
  if (!link) return tl::unexpected(link.error());
  const bool ours = *link && (*link)->kind == "tun" && (*link)->alias == alias_of_node(config.name);
  if (!ours || (*link)->several_queues == (peer.lanes > 1)) return {};
  if ((*link)->running || tun_holder(peer.interface_name())) return {};  // whoever attaches is told
  return remove_tun_link(peer.interface_name());
}

Result<std::unique_ptr<Lane>> open_lane(const Assembly& assembly, const PeerConfig& peer,
                                        const SlotPlan& plan, uint8_t index, Tun tun) {
  const NodeConfig& config = assembly.config;
  UdpOptions options;
  options.local = config.listen;
  options.local.port = static_cast<uint16_t>(options.local.port + index);
  options.remote = peer.endpoint;
  options.remote.port = static_cast<uint16_t>(options.remote.port + index);
  options.cell_bytes = peer.shape.cell_bytes;
  options.firewall_mark = config.firewall_mark;
  options.owner_user = assembly.user;
  auto socket = UdpSocket::open(options);
  if (!socket) return tl::unexpected(socket.error());
  // Unrelated to anything; the pacer may move it to other links' (slot_groups.hh).
  const uint64_t seed = random_seed();
  const Instant epoch =
      MonotonicClock().now() + Duration{static_cast<int64_t>(seed % static_cast<uint64_t>(plan.period().ns))};
  auto lane = std::make_unique<Lane>(peer, assembly.keys.private_key.public_key(), index, plan,
                                     LaneStart{epoch, random_seed(), random_draw_key()}, std::move(tun),
                                     std::move(*socket));
  lane->inner_mtu = config.inner_mtu;
  if (const auto way = find_way_out(peer.endpoint.address, config.firewall_mark); way && !way->local) {
    lane->underlay = way->interface;
    const auto offload = train_offload(way->interface);
    lane->cut_by_cpu = !offload || !offload->takes_trains;
  }
  lane->allowed_destinations = config.accept;
  lane->seal_lead = SealLead(measure_sealing(assembly.backend, lane->format) *
                             static_cast<int64_t>(plan.cells_per_release()));
  return lane;
}

}  // namespace

Result<std::unique_ptr<NodeLink>> assemble_link(const Assembly& assembly, size_t i) {
  const NodeConfig& config = assembly.config;
  const PeerConfig& peer = config.peers[i];
  const auto plan = plan_shape(peer.shape, peer.endpoint.address.is_v6, peer.lanes, count_lanes(config));
  if (!plan) return tl::unexpected(plan.error());

  if (auto made = make_way(config, peer); !made) return tl::unexpected(made.error());
  TunOptions tun_options;
  tun_options.mtu = config.inner_mtu;
  tun_options.multi_queue = peer.lanes > 1;
  tun_options.owner_user = assembly.user;
  auto first_queue = Tun::open(peer.interface_name(), tun_options);
  if (!first_queue) return tl::unexpected(first_queue.error());
  std::vector<Tun> queues;
  for (uint32_t lane = 1; lane < peer.lanes; ++lane) {
    auto queue = first_queue->open_queue();
    if (!queue) return tl::unexpected(queue.error());
    queues.push_back(std::move(*queue));
  }
  queues.insert(queues.begin(), std::move(*first_queue));

  auto link =
      std::make_unique<NodeLink>(peer, own_address_for(config, peer.endpoint.address),
                                 association_config(assembly, i, *plan), assembly.backend, assembly.key_log);
  for (uint32_t index = 0; index < peer.lanes; ++index) {
    auto lane = open_lane(assembly, peer, *plan, static_cast<uint8_t>(index), std::move(queues[index]));
    if (!lane) return failure(fmt::format("peer {}: {}", peer.name, lane.error().message));
    link->add_lane(std::move(*lane));
  }
  return link;
}

AssociationKeys association_keys(const NodeConfig& config, const NodeKeys& keys, size_t i) {
  const PeerConfig& peer = config.peers[i];
  return {.own = keys.private_key,
          .peer = peer.public_key,
          .next_peer = peer.next_public_key,
          .preshared = keys.preshared[i]};
}

IpAddress own_address_for(const NodeConfig& config, const IpAddress& remote) {
  for (const IpAddress& address : config.addresses) {
    if (address.is_v6 == remote.is_v6) return address;
  }
  return config.listen.address;
}

Result<std::vector<std::unique_ptr<NodeLink>>> assemble_links(const Assembly& assembly) {
  std::vector<std::unique_ptr<NodeLink>> links;
  for (size_t i = 0; i < assembly.config.peers.size(); ++i) {
    auto link = assemble_link(assembly, i);
    if (!link) return tl::unexpected(link.error());
    links.push_back(std::move(*link));
  }
  return links;
}

}  // namespace cuttle
