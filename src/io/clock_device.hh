// A device of ours on top of the underlay's, whose queue keeps time (link/queue_clock.hh). It is a macvlan
// with a token bucket (tbf) as its queue: what is sent through it waits there, and goes on to the underlay's
// device when the queue lets it. Nothing but cells and pauses gets in: a filter at its own egress drops what
// lacks our mark. At the underlay's egress a second one lets cells go on, by that device's neighbours and
// with its address, drops the pauses, and counts how late each came. The underlay's own queue, and what
// others send through it, stay as they are. A macvlan on top of a macvlan or macvtap lies beside it, on what
// is below, out of these filters' sight: no clock device is left there.
//
// It outlives the process, does nothing by itself, and goes with `cuttle down` or the next start. Needs
// CAP_NET_ADMIN and CAP_BPF to set up, nothing to look at; whoever sends through it needs a ClockView
// (clock_view.hh) and no privilege. Acts on the network namespace of the calling thread. Source: tc-tbf(8),
// tc-stab(8), bpf-helpers(7) (bpf_redirect_neigh, Linux 5.10).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.hh"
#include "base/result.hh"
#include "io/links.hh"
#include "link/queue_clock.hh"

namespace cuttle {

struct ClockDeviceOptions {
  uint32_t number = 0;   // of the shard that uses it
  std::string underlay;  // the interface below it
  std::string alias;     // marks it as this node's
  uint32_t firewall_mark = 0;
  bool carries_ipv6 = false;         // cells over IPv6
  uint32_t user = 0;                 // who owns the sockets that send through it
  std::vector<uint32_t> cell_bytes;  // the sizes of cell that go through it
  uint32_t route_table = 0;          // of our own, for IPv6's way through it
  uint32_t rule_preference = 99;     // of the rule that leads there, before all that lead into links
};

class ClockDevice {
 public:
  // Replaces one of that name and alias that an earlier run left. An error where the kernel or the underlay's
  // device does not allow it; nothing stays behind then.
  static Result<std::unique_ptr<ClockDevice>> create(const ClockDeviceOptions& options,
                                                     const PauseTable& table);
  ClockDevice(const ClockDevice&) = delete;
  ClockDevice& operator=(const ClockDevice&) = delete;

  uint32_t index() const { return index_; }
  const std::string& name() const { return name_; }
  const std::string& underlay() const { return options_.underlay; }

  // Sets it up again, as create() does, whatever is left of it; where it is to leave by another interface,
  // on that one.
  Result<void> set_up(const PauseTable& table);
  Result<void> move_to(const std::string& underlay, const PauseTable& table);
  // For a ClockView: the map with its counts, which is another one whenever it is set up. Taken once.
  FileDescriptor take_late_map() { return std::move(late_map_); }
  // What of device, queue, filters, rule and route is not as create() left it; empty: nothing. An error:
  // nobody can tell.
  Result<std::string> look() const;

 private:
  ClockDevice(ClockDeviceOptions options, std::string name)
      : options_(std::move(options)), name_(std::move(name)) {}
  Result<void> build(const PauseTable& table);
  Result<void> attach_filters();
  Result<std::vector<uint32_t>> programs(const Link& device, const Link& below) const;

  ClockDeviceOptions options_;
  std::string name_;
  uint32_t index_ = 0;
  std::vector<uint8_t> hardware_address_;
  FileDescriptor late_map_;
  std::vector<uint32_t> programs_;  // of its filters
  bool has_ipv6_route_ = false;
};

// Why no clock device can be on top of that interface; empty where nothing is seen to be in the way.
std::string why_no_clock_device(const Link& underlay);

// The alias that marks a clock device as that node's.
std::string clock_alias_of_node(std::string_view node_name);

// Those of that alias, with their filters.
Result<void> remove_clock_devices(std::string_view alias);

}  // namespace cuttle
