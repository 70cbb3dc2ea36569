#include "seastar/lane_metrics.hh"

#include <seastar/core/metrics.hh>

namespace cuttle {

namespace {

namespace metrics = seastar::metrics;

constexpr char kGroup[] = "cuttle";

std::vector<metrics::label_instance> labels_of(const Lane& lane, const std::string& peer) {
  return {metrics::label_instance("peer", peer), metrics::label_instance("lane", lane.index)};
}

double seconds_of(Duration duration) {
  return static_cast<double>(duration.ns) / 1e9;
}

}  // namespace

void add_sending_metrics(metrics::metric_groups& groups, const Lane& lane, const std::string& peer) {
  const auto labels = labels_of(lane, peer);
  const SenderCounters& sent = lane.sender.counters();
  const auto count = [&](const char* name, const Counter& counter, const char* what) {
    return metrics::make_counter(
        name, [&counter] { return counter.value(); }, metrics::description(what), labels);
  };
  const auto packed = [&](const char* name, uint64_t (Packer::*value)() const, const char* what) {
    return metrics::make_counter(
        name, [&packer = lane.packer, value] { return (packer.*value)(); }, metrics::description(what),
        labels);
  };
  const auto lateness = [&](const char* name, double share) {
    return metrics::make_gauge(
        name, [&sent, share] { return seconds_of(sent.lateness.percentile(share)); },
        metrics::description("How long after its deadline a slot's first cell left"), labels);
  };
  groups.add_group(
      kGroup,
      {count("cells_sent_total", sent.cells, "Cells sent, dummies and handshakes included"),
       count("cells_sent_dummy_total", sent.cells_dummy, "Of these, cells without payload"),
       count("slots_missed_total", sent.slots_missed, "Slots left out because their turn came too late"),
       count("slots_late_total", sent.slots_late, "Slots released more than 100 us after their deadline"),
       count("datagrams_refused_total", sent.datagrams_refused, "Cells that the socket did not take"),
       packed("packets_sent_total", &Packer::packets, "Packets taken from the interface"),
       packed("packet_bytes_sent_total", &Packer::bytes, "Bytes of these"),
       lateness("release_lateness_median_seconds", 0.5), lateness("release_lateness_p99_seconds", 0.99),
       lateness("release_lateness_p999_seconds", 0.999)});
}

void add_receiving_metrics(metrics::metric_groups& groups, const Lane& lane, const std::string& peer) {
  const auto labels = labels_of(lane, peer);
  const ReceiverCounters& received = lane.receiver.counters();
  const ReassemblyCounters& reassembly = lane.receiver.reassembly();
  const auto count = [&](const char* name, const Counter& counter, const char* what) {
    return metrics::make_counter(
        name, [&counter] { return counter.value(); }, metrics::description(what), labels);
  };
  groups.add_group(
      kGroup, {count("cells_received_total", received.cells, "Authentic, fresh cells"),
               count("cells_received_dummy_total", reassembly.cells_dummy, "Of these, cells without payload"),
               count("cells_lost_total", reassembly.cells_lost, "Cells that never came"),
               count("cells_replayed_total", received.replayed, "Cells that had come before"),
               count("cells_not_authentic_total", received.not_authentic, "Cells whose check value is wrong"),
               count("cells_unknown_spi_total", received.unknown_spi, "Cells of no session"),
               count("packets_received_total", lane.packets.packets_out, "Packets given to the interface"),
               count("packet_bytes_received_total", lane.packets.bytes_out, "Bytes of these")});
}

}  // namespace cuttle
