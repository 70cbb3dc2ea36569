// The second lock, independent of the guard (guard.hh), which any `nft flush ruleset` opens: at the egress of
// every device of this network namespace but loopback and our own, a BPF program drops what goes to a
// peer's address and is none of our cells. It outlives the process, like routes and guard; others meet it
// only where they name it (`tc filter show dev DEV egress`: "cuttle-lock", preference 20).
//
// What passes: to the peer's endpoint, marked, UDP in one piece and without options, from our port of a lane
// to the peer's of the same lane, and of exactly the size of the link's cells. And neighbour discovery. Of a
// peer whose link carries certain ports only, everything but packets from or to these, and what may hide
// them: fragments of their protocol, and IPv6 packets with extension headers. And wherever it goes, a cell
// that was to leave by a clock device and came another way is dropped (queue_priority.hh).
//
// So it holds programs that bind themselves to the device, and guests that are bridged to it or sit on it as
// macvlan or ipvlan; VLAN tags, two at most, are looked behind. It does not see what is encapsulated
// otherwise (tunnels, MPLS, PPPoE), encrypted, sent through a socket that goes past the queues
// (PACKET_QDISC_BYPASS, AF_XDP: they need CAP_NET_RAW), nor what never meets the device's egress: SR-IOV
// guests, and what a card is told to forward. A filter of somebody's with a smaller preference than 20, or a
// program attached by tcx, is asked first, and one that lets a packet pass has the last word.
//
// Acts on the network namespace of the calling thread. Needs CAP_NET_ADMIN and CAP_BPF; looking needs
// neither.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hh"
#include "io/bpf_program.hh"
#include "io/guard.hh"
#include "io/traffic_control.hh"

namespace cuttle {

inline constexpr FilterPlace kLockPlace{TrafficHook::egress, 20, 1, "cuttle-lock"};

// Puts it on every device that has another one or none, and takes it from those that are links' own by now: a
// lock of before, when they were not, would drop all that goes into the link. Goes on where one fails, and
// says which.
Result<void> apply_lock(const GuardConfig& config);
// None there is no error.
Result<void> remove_lock();
Result<bool> lock_is_present();  // on any device

// The devices that it is not on, or not left off, as this configuration says: new ones, or where somebody
// took it away.
Result<std::vector<Link>> devices_locked_wrong(const GuardConfig& config);
// The devices that it belongs on.
Result<std::vector<Link>> lockable_devices(const GuardConfig& config);
// What tells the lock of this configuration from any other; part of its name.
std::string lock_version(const GuardConfig& config);

// The program, for devices with Ethernet headers or without. `addresses_v4`, `addresses_v6`: prefix maps from
// a peer's addresses to LockedPeer; `ports`: from {peer (16 bits), 0 TCP or 1 UDP (16 bits), port}.
struct LockMaps {
  int addresses_v4 = -1;
  int addresses_v6 = -1;
  int ports = -1;
};
struct LockedPeer {
  uint8_t endpoint[16] = {};
  uint32_t cell_bytes = 0;
  uint16_t number = 0;
  uint16_t port = 0;  // of its first lane, as all here in the machine's order
  uint16_t lanes = 0;
  uint8_t is_v6 = 0;   // the endpoint
  uint8_t listed = 0;  // protocols of which it has port lists: kListsTcp, kListsUdp
};
inline constexpr uint8_t kListsTcp = 1;
inline constexpr uint8_t kListsUdp = 2;
std::vector<bpf_insn> lock_program(const GuardConfig& config, const LockMaps& maps, bool ethernet);

}  // namespace cuttle
