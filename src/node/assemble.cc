#include "node/assemble.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/check.hh"
#include "config/shape_plan.hh"
#include "io/entropy.hh"

namespace cuttle {

namespace {

uint16_t fingerprint_of(const Shape& shape) {
  if (shape.ladder) return shape.ladder->fingerprint();
  const auto calendar = calendar_of(shape);
  return calendar ? calendar->fingerprint() : uint16_t{0};
}

uint64_t random_seed() {
  uint8_t bytes[8];
  fill_with_entropy(bytes);
  return load_be64(bytes);
}

}  // namespace

DrawKey random_draw_key() {
  DrawKey key;
  fill_with_entropy(key.bytes());
  return key;
}

AssociationConfig association_config(const Assembly& assembly, size_t i, const SlotPlan& plan) {
  const PeerConfig& peer = assembly.config.peers[i];
  AssociationConfig config{.keys = association_keys(assembly.config, assembly.keys, i),
                           .format = wire::CellFormat(peer.shape.cell_bytes),
                           .lanes = static_cast<uint8_t>(peer.lanes),
                           .rate_bps = peer.shape.rate_bps,
                           .slot_ns = static_cast<uint64_t>(plan.period().ns),
                           .calendar = fingerprint_of(peer.shape),
                           // A slow link is quiet for many slots before it says that it is.
                           .quiet_after = std::max(seconds(1), plan.period() * 10)};
  if (assembly.preshared != nullptr) {
    config.renew_preshared_after = assembly.config.renew_preshared;
    config.renewed = assembly.preshared->of(peer.name);
  }
  return config;
}

namespace {

std::unique_ptr<Lane> make_lane(const Assembly& assembly, const PeerConfig& peer, const SlotSteps& steps,
                                uint8_t index, LaneDoor door, bool foreign) {
  const SlotPlan& plan = steps.plans[steps.first];
  // Unrelated to anything; the pacer may move it to other links' (slot_groups.hh).
  const uint64_t seed = random_seed();
  const Instant epoch =
      MonotonicClock().now() + Duration{static_cast<int64_t>(seed % static_cast<uint64_t>(plan.period().ns))};
  const wire::CellFormat format(peer.shape.cell_bytes);
  LaneSetup setup{
      .index = index,
      .format = format,
      .steps = steps,
      .own_key = assembly.keys.private_key.public_key(),
      .allowed_sources = peer.redirect,
      .allowed_destinations = assembly.config.accept,
      .cell_ends = {peer.endpoint, assembly.config.listen.port, static_cast<uint16_t>(peer.lanes)},
      .inner_mtu = assembly.config.inner_mtu,
      .foreign_peer = foreign,
      .sealing = assembly.sealing.of(format) * static_cast<int64_t>(steps.max_cells_per_release()),
      .epoch = epoch,
      .seed = random_seed(),
      .draws = random_draw_key()};
  if (foreign) door.socket.accept_any_size();
  auto lane = std::make_unique<Lane>(std::move(setup), std::make_unique<Tun>(std::move(door.queue)),
                                     std::make_unique<UdpSocket>(std::move(door.socket)));
  lane->underlay = std::move(door.underlay);
  lane->cut_by_cpu = door.cut_by_cpu;
  return lane;
}

}  // namespace

Result<std::unique_ptr<NodeLink>> assemble_link(const Assembly& assembly, size_t i, const OpenDoors& open) {
  const NodeConfig& config = assembly.config;
  const PeerConfig& peer = config.peers[i];
  // What came to one that is not held would be answered, by whoever has it.
  if (peer.lanes > assembly.ports) {
    return failure(fmt::format("peer {}: port {} cannot be had: another process of this machine has it",
                               peer.name, config.listen.port + assembly.ports));
  }
  const auto planned = plan_peer_steps(config, peer);
  if (!planned) return tl::unexpected(planned.error());
  std::optional<CalendarWatch> watch;
  if (auto calendar = calendar_of(peer.shape)) watch.emplace(std::move(*calendar), wall_clock_ns());
  uint64_t begins_bps = watch ? watch->begins_with_bps() : peer.shape.rate_bps;
  const bool has_ladder = peer.shape.ladder && assembly.ladder != nullptr;
  if (has_ladder) begins_bps = planned->rates_bps[assembly.ladder->told_step()];
  const auto first = std::ranges::find(planned->rates_bps, begins_bps) - planned->rates_bps.begin();
  const SlotSteps steps(planned->plans, static_cast<uint32_t>(first));

  auto doors = open(i);
  if (!doors) return tl::unexpected(doors.error());
  CUTTLE_CHECK(doors->size() == peer.lanes, "every lane has a door");
  auto link = std::make_unique<NodeLink>(peer, own_address_for(config, peer.endpoint.address),
                                         association_config(assembly, i, steps.slowest()), assembly.backend,
                                         assembly.key_log);
  std::vector<StaticSession> sessions;
  if (assembly.static_keys != nullptr) sessions = assembly.static_keys->take_for(peer.name);
  for (uint32_t index = 0; index < peer.lanes; ++index) {
    link->add_lane(make_lane(assembly, peer, steps, static_cast<uint8_t>(index), std::move((*doors)[index]),
                             !sessions.empty()));
  }
  // Another implementation says no steps and hears none.
  if (has_ladder && sessions.empty()) {
    const size_t ip_bytes = wire::CellFormat(peer.shape.cell_bytes).ip_bytes(peer.endpoint.address.is_v6);
    link->set_ladder(peer.shape.ladder->fingerprint(), planned->rates_bps, ip_bytes);
  }
  if (assembly.relay != nullptr && sessions.empty()) {
    link->set_relay(assembly.relay->make_post(peer.site, steps.slowest(), link->lane(0).format));
  }
  if (!sessions.empty()) link->use_static_sessions({std::move(sessions), assembly.backend});
  if (watch) link->set_calendar(std::move(*watch), planned->rates_bps);
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

void note_left_out(const PeerConfig& peer, const Error& why) {
  spdlog::error("{}; the mesh names {}, so the other links go on: cuttle-mesh has this one tried again",
                why.message, peer.name);
}

Result<std::vector<std::unique_ptr<NodeLink>>> assemble_links(const Assembly& assembly,
                                                              const OpenDoors& open) {
  std::vector<std::unique_ptr<NodeLink>> links;
  for (size_t i = 0; i < assembly.config.peers.size(); ++i) {
    auto link = assemble_link(assembly, i, open);
    if (!link && assembly.config.is_of_mesh(assembly.config.peers[i])) {
      note_left_out(assembly.config.peers[i], link.error());
      continue;
    }
    if (!link) return tl::unexpected(link.error());
    links.push_back(std::move(*link));
  }
  return links;
}

}  // namespace cuttle
