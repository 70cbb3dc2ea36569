#include "node/doors.hh"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "config/shape_plan.hh"
#include "io/instant_queue.hh"
#include "io/links.hh"
#include "io/offloads.hh"
#include "io/routes.hh"
#include "node/others_interface.hh"

namespace cuttle {

namespace {

// Whether an interface has several queues is fixed for its life, so one that an earlier run of this node made
// for another number of lanes has to go. Blackholes and guard hold its traffic meanwhile.
Result<void> make_way(const NodeConfig& config, const PeerConfig& peer) {
  const auto link = find_link(peer.interface_name());
  if (!link) return tl::unexpected(link.error());
  if (!*link || (*link)->several_queues == (peer.lanes > 1)) return {};
  if ((*link)->carrier || (*link)->queues > 0) return {};  // held: whoever attaches is told
  return remove_own_interface(config, peer);
}

Result<std::vector<Tun>> open_queues(const NodeConfig& config, const PeerConfig& peer,
                                     std::optional<uint32_t> owner_user) {
  if (auto free = check_no_others_interface(config, peer); !free) return tl::unexpected(free.error());
  if (auto made = make_way(config, peer); !made) return tl::unexpected(made.error());
  TunOptions options = tun_options_of(config, peer);
  options.owner_user = owner_user;
  auto first_queue = Tun::open(peer.interface_name(), options);
  if (!first_queue) return tl::unexpected(first_queue.error());
  std::vector<Tun> queues;
  for (uint32_t lane = 1; lane < peer.lanes; ++lane) {
    auto queue = first_queue->open_queue();
    if (!queue) return tl::unexpected(queue.error());
    queues.push_back(std::move(*queue));
  }
  queues.insert(queues.begin(), std::move(*first_queue));
  return queues;
}

// Of the clock that the queue goes by. Where there is none, another may come.
SocketInstants instants_for(const NodeConfig& config, const std::string& underlay) {
  if (config.release != ReleaseBy::txtime) return SocketInstants::none;
  const bool by_tai = look_at_instant_queue(underlay).rules.goes_by_tai();
  return by_tai ? SocketInstants::tai : SocketInstants::monotonic;
}

// The kernel keeps real-time threads from starving others: 50 ms in a second, by default, they do not run on
// a CPU that they would have all to themselves (sched(7), sched_rt_runtime_us; since 6.12 the fair server).
// Cells of that time wait for the receiver, or a busy host would lose them and every stream in them stall.
constexpr Duration kHeldBack = milliseconds(60);
constexpr size_t kMostWaitingBytes = 128 << 20;

size_t receive_buffer_bytes(const PeerConfig& peer) {
  const double bytes = static_cast<double>(at_highest_rate(peer.shape).rate_bps) / 8 / peer.lanes *
                       static_cast<double>(kHeldBack.ns) / 1e9;
  // What the kernel counts of a datagram is half as much again.
  return std::clamp(static_cast<size_t>(bytes * 1.5), UdpOptions{}.receive_buffer_bytes, kMostWaitingBytes);
}

Result<UdpSocket> open_socket(const NodeConfig& config, const PeerConfig& peer, const std::string& underlay,
                              uint32_t index, std::optional<uint32_t> owner_user) {
  UdpOptions options;
  options.local = config.listen;
  options.local.port = static_cast<uint16_t>(options.local.port + index);
  options.remote = peer.endpoint;
  options.remote.port = static_cast<uint16_t>(options.remote.port + index);
  options.cell_bytes = peer.shape.cell_bytes;
  options.receive_buffer_bytes = receive_buffer_bytes(peer);
  options.firewall_mark = config.firewall_mark;
  options.owner_user = owner_user;
  options.segmentation = config.segmentation;
  options.instants = instants_for(config, underlay);
  options.may_wait_for_route = true;
  return UdpSocket::open(options);
}

}  // namespace

TunOptions tun_options_of(const NodeConfig& config, const PeerConfig& peer) {
  TunOptions options;
  options.mtu = config.inner_mtu;
  options.multi_queue = peer.lanes > 1;
  options.alias = alias_of_node(config.name);
  return options;
}

std::string underlay_of(const NodeConfig& config, const PeerConfig& peer) {
  if (const auto way = find_interface_out(peer.endpoint.address, config.firewall_mark)) return *way;
  // No route at the moment: the one that comes leads, most likely, out where our own address is.
  return own_underlay_of(config);
}

std::string own_underlay_of(const NodeConfig& config) {
  const auto addresses = local_addresses();
  if (!addresses) return "";
  const auto ours = std::find_if(addresses->begin(), addresses->end(), [&](const LocalAddress& one) {
    return one.address == config.listen.address;
  });
  const bool leads_out = ours != addresses->end() && ours->interface != "lo";
  return leads_out ? ours->interface : "";
}

Result<std::vector<LaneDoor>> open_doors(const NodeConfig& config, size_t i,
                                         std::optional<uint32_t> owner_user) {
  const PeerConfig& peer = config.peers[i];
  auto queues = open_queues(config, peer, owner_user);
  if (!queues) return tl::unexpected(queues.error());
  const std::string underlay = underlay_of(config, peer);
  bool cut_by_cpu = false;
  if (!underlay.empty()) {
    const auto offload = train_offload(underlay);
    cut_by_cpu = !offload || !offload->takes_trains;
  }
  std::vector<LaneDoor> doors;
  for (uint32_t index = 0; index < peer.lanes; ++index) {
    auto socket = open_socket(config, peer, underlay, index, owner_user);
    if (!socket) return failure(fmt::format("peer {}: {}", peer.name, socket.error().message));
    doors.push_back({std::move((*queues)[index]), std::move(*socket), underlay, cut_by_cpu});
  }
  return doors;
}

Result<std::vector<UnknownSourceSocket>> open_unknown_sources(const NodeConfig& config, size_t already,
                                                              std::optional<uint32_t> owner_user) {
  std::vector<UnknownSourceSocket> unknown_sources;
  for (size_t lane = already; lane < config.ports_to_hold(); ++lane) {
    Endpoint local = config.listen;
    local.port = static_cast<uint16_t>(local.port + lane);
    auto unknown_source = UnknownSourceSocket::open(local, owner_user);
    if (!unknown_source) {
      if (lane < config.max_lanes_of_root()) return tl::unexpected(unknown_source.error());
      spdlog::error("{}; the mesh's links that need that port wait", unknown_source.error().message);
      break;
    }
    unknown_sources.push_back(std::move(*unknown_source));
  }
  return unknown_sources;
}

std::optional<std::string> way_out_now(const NodeConfig& config, const PeerConfig& peer) {
  const auto now = find_interface_out(peer.endpoint.address, config.firewall_mark);
  if (!now || now->empty() || std::ranges::count(config.peers, *now, &PeerConfig::interface_name) > 0)
    return std::nullopt;
  return *now;
}

std::map<std::string, std::vector<uint32_t>> cell_sizes_by_underlay(
    const NodeConfig& config,
    const std::function<bool(const PeerConfig&, const std::string& underlay)>& counts) {
  std::map<std::string, std::vector<uint32_t>> sizes;
  for (const PeerConfig& peer : config.peers) {
    const std::string underlay = underlay_of(config, peer);
    if (counts(peer, underlay)) sizes[underlay].push_back(peer.shape.cell_bytes);
  }
  if (const std::string underlay = own_underlay_of(config); config.mesh && !underlay.empty()) {
    sizes[underlay].push_back(complete_shape(config.shape, config.listen.address.is_v6).cell_bytes);
  }
  for (auto& [underlay, cell_bytes] : sizes) {
    std::ranges::sort(cell_bytes);
    cell_bytes.erase(std::unique(cell_bytes.begin(), cell_bytes.end()), cell_bytes.end());
  }
  return sizes;
}

}  // namespace cuttle
