// The egress lock's program (egress_lock.hh), for one packet.
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>

#include <cstddef>

#include "io/bpf_assembly.hh"
#include "io/egress_lock.hh"
#include "io/queue_priority.hh"

namespace cuttle {
namespace {

using namespace bpf;

// These survive calls.
constexpr uint8_t kPacket = BPF_REG_6;
constexpr uint8_t kPeer = BPF_REG_7;
constexpr uint8_t kOffset = BPF_REG_8;  // of the IP header, later of what follows it
constexpr uint8_t kKind = BPF_REG_9;    // first the EtherType, later the protocol, and of these what is true:
constexpr int32_t kFragment = 0x100;
constexpr int32_t kNoCell = 0x200;
constexpr int32_t kHidden = 0x400;  // IPv6 extension headers stand before what it carries
constexpr int32_t kProtocol = 0xff;

constexpr uint8_t kResult = BPF_REG_0;
constexpr uint8_t kValue = BPF_REG_1;
constexpr uint8_t kOther = BPF_REG_2;
constexpr uint8_t kThird = BPF_REG_3;
constexpr uint8_t kFrame = BPF_REG_10;

// On the stack. Kernels before 6.8 let nobody without CAP_PERFMON store to a part of a word of eight bytes
// whose first bytes had a store of their own: they take the number there for a pointer. So of each word
// these are stored last, and once; what comes from the packet by a call may come as often as it likes.
constexpr int16_t kHeader = -40;   // an IP header
constexpr int16_t kKey = -60;      // of a map: 32 bits of length, then an address
constexpr int16_t kNext = -72;     // eight bytes of what comes next in the packet
constexpr int16_t kPortKey = -88;  // of the map of ports: 32 bits of length, peer, protocol, port

constexpr int32_t kNeighbourSolicit = 135;
constexpr int32_t kNeighbourAdvert = 136;
constexpr int32_t kUdpHeaderBytes = 8;

class Writer {
 public:
  Writer(const GuardConfig& config, const LockMaps& maps, bool ethernet)
      : config_(config), maps_(maps), ethernet_(ethernet) {}

  std::vector<bpf_insn> write() {
    out_.put({move(kPacket, BPF_REG_1)});
    drop_what_went_round_the_queue();
    find_type();
    const auto v6 = out_.label();
    const auto known = out_.label();
    out_.put(if_equal(kKind, ETH_P_IPV6), v6);
    out_.put(unless_equal(kKind, ETH_P_IP), pass_);
    read_v4();
    out_.put(always(), known);
    out_.place(v6);
    read_v6();
    out_.place(known);
    pass_cells();
    pass_other_ports();
    out_.place(drop_);
    out_.put({set(kResult, TC_ACT_SHOT), leave()});
    out_.place(pass_);
    out_.put({set(kResult, TC_ACT_UNSPEC), leave()});  // whatever filters come next are asked
    return out_.finish();
  }

 private:
  // Wherever it goes.
  void drop_what_went_round_the_queue() {
    const auto other = out_.label();
    out_.put({load32(kValue, kPacket, offsetof(__sk_buff, mark))});
    out_.put(unless_equal32(kValue, config_.firewall_mark), other);
    out_.put({load32(kValue, kPacket, offsetof(__sk_buff, priority))});
    out_.put(if_equal(kValue, kQueuePriority), drop_);
    out_.place(other);
  }

  // From the packet to the stack. At egress an Ethernet frame is complete, wherever its bytes are. Without
  // Ethernet, whoever sent the packet looked at its IP header, so that is in one place.
  void load(int16_t to, int32_t bytes, Assembly::Label when_too_short) {
    out_.put({move(BPF_REG_1, kPacket), move(BPF_REG_2, kOffset), move(BPF_REG_3, kFrame), add(BPF_REG_3, to),
              set(BPF_REG_4, bytes), set(BPF_REG_5, BPF_HDR_START_NET),
              call(ethernet_ ? BPF_FUNC_skb_load_bytes : BPF_FUNC_skb_load_bytes_relative)});
    out_.put(if_negative(kResult), when_too_short);
  }

  void look_up(int map, int16_t key) {
    out_.put({load_map_first(BPF_REG_1, map), load_map_second(), move(BPF_REG_2, kFrame), add(BPF_REG_2, key),
              call(BPF_FUNC_map_lookup_elem)});
  }

  // The type of what the frame carries, and where that begins: behind VLAN tags, two at most.
  void find_type() {
    if (!ethernet_) {
      out_.put({set(kOffset, 0), load32(kKind, kPacket, offsetof(__sk_buff, protocol)), network16(kKind)});
      return;
    }
    const auto known = out_.label();
    out_.put({set(kOffset, 2 * ETH_ALEN)});
    for (int tags = 0; tags <= 2; ++tags) {
      load(kNext, 2, pass_);
      out_.put({load16(kKind, kFrame, kNext), network16(kKind), add(kOffset, 2)});
      if (tags == 2) break;
      const auto tagged = out_.label();
      out_.put(if_equal(kKind, ETH_P_8021Q), tagged);
      out_.put(unless_equal(kKind, ETH_P_8021AD), known);
      out_.place(tagged);
      out_.put({add(kOffset, 2)});
    }
    out_.place(known);
  }

  // Whose address it is; everybody else's packets pass.
  void find_peer(int map) {
    look_up(map, kKey);
    out_.put(if_equal(kResult, 0), pass_);
    out_.put({move(kPeer, kResult)});
  }

  // A cell's destination is the endpoint.
  void compare_with_endpoint(bool v6, int16_t destination) {
    const auto no_cell = out_.label();
    const auto same = out_.label();
    out_.put({load8(kValue, kPeer, offsetof(LockedPeer, is_v6))});
    out_.put(unless_equal(kValue, v6 ? 1 : 0), no_cell);
    for (int16_t at = 0; at < (v6 ? 16 : 4); at += 4) {
      out_.put({load32(kValue, kFrame, static_cast<int16_t>(destination + at)),
                load32(kOther, kPeer, static_cast<int16_t>(offsetof(LockedPeer, endpoint) + at))});
      out_.put(unless_same(kValue, kOther), no_cell);
    }
    out_.put(always(), same);
    out_.place(no_cell);
    out_.put({bit_or(kKind, kNoCell)});
    out_.place(same);
  }

  void read_v4() {
    constexpr int16_t kDestination = kHeader + 16;
    load(kHeader, 20, pass_);
    out_.put({store32(kFrame, kKey, 32), load32(kValue, kFrame, kDestination),
              store32_of(kFrame, kKey + 4, kValue)});
    find_peer(maps_.addresses_v4);
    out_.put({load8(kKind, kFrame, kHeader + 9)});
    compare_with_endpoint(false, kDestination);

    const auto whole = out_.label();
    out_.put({load16(kValue, kFrame, kHeader + 6), network16(kValue), bit_and(kValue, 0x3fff)});
    out_.put(if_equal(kValue, 0), whole);
    out_.put({bit_or(kKind, kFragment)});
    out_.place(whole);

    const auto no_options = out_.label();
    out_.put({load8(kValue, kFrame, kHeader), move(kOther, kValue), bit_and(kOther, 0xf),
              shift_left(kOther, 2), add_of(kOffset, kOther)});
    out_.put(if_equal(kValue, 0x45), no_options);
    out_.put({bit_or(kKind, kNoCell)});
    out_.place(no_options);
  }

  void read_v6() {
    constexpr int16_t kDestination = kHeader + 24;
    load(kHeader, 40, pass_);
    out_.put({store32(kFrame, kKey, 128)});
    for (int16_t at = 12; at >= 0; at -= 4) {
      out_.put({load32(kValue, kFrame, static_cast<int16_t>(kDestination + at)),
                store32_of(kFrame, static_cast<int16_t>(kKey + 4 + at), kValue)});
    }
    find_peer(maps_.addresses_v6);
    out_.put({load8(kKind, kFrame, kHeader + 6), add(kOffset, 40)});
    pass_neighbour_discovery();
    look_into_fragment();

    const auto hidden = out_.label();
    const auto plain = out_.label();
    for (const int32_t header : {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_DSTOPTS, IPPROTO_FRAGMENT}) {
      out_.put(if_equal(kKind, header), hidden);
      out_.put(if_equal(kKind, header | kFragment), hidden);
    }
    out_.put(always(), plain);
    out_.place(hidden);
    out_.put({bit_or(kKind, kHidden)});
    out_.place(plain);
    compare_with_endpoint(true, kDestination);
  }

  // As the guard does; only a socket that needs CAP_NET_RAW could send it.
  void pass_neighbour_discovery() {
    const auto other = out_.label();
    out_.put(unless_equal(kKind, IPPROTO_ICMPV6), other);
    out_.put({load8(kValue, kFrame, kHeader + 7)});
    out_.put(unless_equal(kValue, 255), other);  // hop limit
    load(kNext, 1, drop_);
    out_.put({load8(kValue, kFrame, kNext)});
    out_.put(if_equal(kValue, kNeighbourSolicit), pass_);
    out_.put(if_equal(kValue, kNeighbourAdvert), pass_);
    out_.place(other);
  }

  void look_into_fragment() {
    const auto whole = out_.label();
    out_.put(unless_equal(kKind, IPPROTO_FRAGMENT), whole);
    load(kNext, 1, drop_);
    out_.put({load8(kKind, kFrame, kNext), bit_or(kKind, kFragment)});
    out_.place(whole);
  }

  void pass_cells() {
    const auto other = out_.label();
    out_.put(unless_equal(kKind, IPPROTO_UDP), other);  // and nothing else is true of it
    out_.put({load32(kValue, kPacket, offsetof(__sk_buff, mark))});
    out_.put(unless_equal32(kValue, config_.firewall_mark), other);
    load(kNext, kUdpHeaderBytes, drop_);

    // A train is one packet here, and its datagrams have the segment size.
    const auto alone = out_.label();
    const auto sized = out_.label();
    out_.put({load32(kOther, kPeer, offsetof(LockedPeer, cell_bytes)),
              load32(kValue, kPacket, offsetof(__sk_buff, gso_size))});
    out_.put(if_equal(kValue, 0), alone);
    out_.put(unless_same(kValue, kOther), other);
    out_.put(always(), sized);
    out_.place(alone);
    out_.put({load16(kValue, kFrame, kNext + 4), network16(kValue), add(kOther, kUdpHeaderBytes)});
    out_.put(unless_same(kValue, kOther), other);
    out_.place(sized);

    // Which lane: by the port that it comes from, and by the one that it goes to.
    out_.put({load16(kValue, kFrame, kNext), network16(kValue), add(kValue, -int32_t{config_.first_port}),
              load16(kOther, kPeer, offsetof(LockedPeer, lanes))});
    out_.put(unless_below(kValue, kOther), other);
    out_.put({load16(kThird, kFrame, kNext + 2), network16(kThird),
              load16(kOther, kPeer, offsetof(LockedPeer, port)), subtract_of(kThird, kOther)});
    out_.put(if_same(kThird, kValue), pass_);
    out_.place(other);
  }

  // Of a link that carries certain ports only.
  void pass_other_ports() {
    const auto tcp = out_.label();
    const auto listed = out_.label();
    out_.put({load8(kValue, kPeer, offsetof(LockedPeer, listed))});
    out_.put(if_equal(kValue, 0), drop_);
    out_.put(if_any_bit(kKind, kHidden), drop_);
    out_.put({move(kOther, kKind), bit_and(kOther, kProtocol)});
    out_.put(if_equal(kOther, IPPROTO_TCP), tcp);
    out_.put(unless_equal(kOther, IPPROTO_UDP), pass_);
    drop_fragments_of(kListsUdp);
    out_.put({set(kOther, 1)});
    out_.put(always(), listed);
    out_.place(tcp);
    drop_fragments_of(kListsTcp);
    out_.put({set(kOther, 0)});
    out_.place(listed);
    out_.put({store16_of(kFrame, kPortKey + 6, kOther), load16(kValue, kPeer, offsetof(LockedPeer, number)),
              store16_of(kFrame, kPortKey + 4, kValue), store32(kFrame, kPortKey, 48)});
    for (int ports = 0; ports < 2; ++ports) {
      load(kPortKey + 8, 2, drop_);
      look_up(maps_.ports, kPortKey);
      out_.put(unless_equal(kResult, 0), drop_);
      out_.put({add(kOffset, 2)});
    }
    out_.put(always(), pass_);
  }

  void drop_fragments_of(int32_t protocol) {
    out_.put({bit_and(kValue, protocol)});
    out_.put(if_equal(kValue, 0), pass_);
    out_.put(if_any_bit(kKind, kFragment), drop_);
  }

  const GuardConfig& config_;
  const LockMaps& maps_;
  bool ethernet_;
  Assembly out_;
  Assembly::Label pass_ = out_.label();
  Assembly::Label drop_ = out_.label();
};

}  // namespace

std::vector<bpf_insn> lock_program(const GuardConfig& config, const LockMaps& maps, bool ethernet) {
  return Writer(config, maps, ethernet).write();
}

}  // namespace cuttle
