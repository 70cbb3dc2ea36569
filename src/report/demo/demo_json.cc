#include <cmath>

#include "report/demo/promises.hh"

namespace cuttle::report {

namespace {

double rounded(double value) {
  return std::round(value * 1000) / 1000;
}

void add_rates(nlohmann::json& out, const ClassTotals& idle, const ClassTotals& busy) {
  out["idle_pps"] = rounded(idle.packets_per_second());
  out["busy_pps"] = rounded(busy.packets_per_second());
  out["idle_bytes_per_s"] = rounded(idle.bytes_per_second());
  out["busy_bytes_per_s"] = rounded(busy.bytes_per_second());
}

}  // namespace

nlohmann::json demo_json(const DemoResult& result) {
  nlohmann::json out;
  for (const char* group : {"hello", "ceph"}) {
    if (result.facts.contains(group)) out[group] = result.facts[group];
  }
  out["plain"]["sizes"] = result.plain.sizes.size();
  add_rates(out["plain"], result.plain.idle, result.plain.busy);

  nlohmann::json links = nlohmann::json::array();
  for (const LinkObservation& link : result.shaped.links) {
    nlohmann::json one{{"from", link.from}, {"to", link.to}, {"datagram_sizes", link.datagram_sizes}};
    add_rates(one, link.idle, link.busy);
    if (result.shaped.has_cut_tap) one["cut_datagrams"] = link.cut_datagrams;
    links.push_back(std::move(one));
  }
  out["shaped"]["links"] = std::move(links);
  out["shaped"]["sizes"] = result.shaped.sizes.size();
  out["shaped"]["whole_trains"] = result.shaped.whole_trains;
  out["shaped"]["most_cells_a_train"] = result.shaped.max_cells;
  out["shaped"]["foreign_packets"] = result.shaped.foreign_packets;
  add_rates(out["shaped"], result.shaped.idle, result.shaped.busy);
  out["broken"] = broken_lines(check_promises(result));
  return out;
}

}  // namespace cuttle::report
