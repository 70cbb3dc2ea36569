// Where a train of cells is cut into datagrams on its way out, and what an observer sees of that.
#include <fmt/format.h>

#include <algorithm>

#include "doctor/examine.hh"
#include "io/offloads.hh"
#include "io/routes.hh"

namespace cuttle::doctor {

namespace {

TrainCut cut_of(const std::string& interface, const TrainOffload& offload) {
  if (!offload.computes_checksums && !kernel_cuts_without_checksums()) return TrainCut::one_by_one;
  if (!offload.takes_trains) return TrainCut::kernel;
  return cards_of(interface).empty() ? TrainCut::beyond : TrainCut::card;
}

}  // namespace

Finding train_finding(const std::string& interface, TrainCut cut) {
  switch (cut) {
    case TrainCut::card:
      return {
          Mark::good,
          fmt::format(
              "{} cuts trains of cells in the card: on the wire the cells of a train follow each other at "
              "the line's rate, which tells nothing of this host (a capture made here shows a train as one "
              "large record)",
              interface),
          ""};
    case TrainCut::beyond:
      return {
          Mark::good,
          fmt::format(
              "{} is no card and passes trains of cells on whole: an observer sees what cuts them further "
              "on, or one large record",
              interface),
          ""};
    case TrainCut::kernel:
      return {
          Mark::unsure,
          fmt::format(
              "the kernel cuts trains of cells before {}: the gaps inside a train show an observer how busy "
              "this CPU is, unless a port of 1 Gb/s or less levels them",
              interface),
          fmt::format("ethtool -K {} tx-udp-segmentation on, if the card can (docs/timing.md)", interface)};
    case TrainCut::one_by_one:
      break;
  }
  return {
      Mark::unsure,
      fmt::format(
          "cells leave by {} one by one, a system call each: the gaps between them show an observer how busy "
          "this CPU is",
          interface),
      fmt::format("ethtool -K {} tx on tx-udp-segmentation on, or Linux 6.11 or later", interface)};
}

std::vector<std::string> ways_out(const NodeConfig& config) {
  std::vector<std::string> interfaces;
  for (const PeerConfig& peer : config.peers) {
    const auto way = find_way_out(peer.endpoint.address, config.firewall_mark);
    if (!way || way->local) continue;  // the configuration's examination says so
    if (std::ranges::count(interfaces, way->interface) == 0) interfaces.push_back(way->interface);
  }
  return interfaces;
}

Findings examine_trains(const std::vector<std::string>& interfaces) {
  Findings findings;
  for (const std::string& interface : interfaces) {
    const auto offload = train_offload(interface);
    if (!offload) {
      findings.push_back(
          {Mark::unsure, offload.error().message, "who cuts trains of cells there is not known"});
      continue;
    }
    findings.push_back(train_finding(interface, cut_of(interface, *offload)));
  }
  return findings;
}

}  // namespace cuttle::doctor
