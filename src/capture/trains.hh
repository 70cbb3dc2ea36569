// A train of cells leaves its node in one call and stays whole until a device cuts it (UDP GSO), so a tap
// before that device sees one large record. On the wire it is n datagrams, and that is what this source hands
// out: each cell with IP and UDP headers of its own, all at the record's instant. A port model behind it sets
// them apart.
#pragma once

#include <memory>
#include <string>

#include "base/result.hh"
#include "capture/nodes.hh"
#include "capture/packet_source.hh"

namespace cuttle::capture {

struct TrainCounts {
  uint64_t whole = 0;      // records of more than one cell
  uint32_t max_cells = 1;  // of one record
  // Records on the cells' port between the nodes that are larger than a cell and no multiple of it.
  uint64_t uneven = 0;
  uint64_t first_uneven_packet = 0;  // from 1, as Wireshark and `tcpdump -#` count
  uint32_t first_uneven_bytes = 0;   // its UDP payload
};

class TrainCutter : public PacketSource {
 public:
  // `nodes` must outlive it.
  TrainCutter(std::unique_ptr<PacketSource> inner, const CellShape& shape, const NodeList& nodes)
      : inner_(std::move(inner)), shape_(shape), nodes_(nodes) {}

  // Only the first cell's ESP header lies within a usual snapshot: those behind it are taken to follow in
  // sequence. An uneven record is handed out as it is, and counted.
  Result<bool> next(PacketRecord& record) override;
  double fraction_read() const override { return inner_->fraction_read(); }
  std::string interface_name(uint32_t interface) const override { return inner_->interface_name(interface); }

  const TrainCounts& trains() const { return trains_; }
  // An error where uneven records were seen: what they are, how many, and what to do. `name`: of the capture.
  Result<void> check_even(const std::string& name) const;

 private:
  void take_apart();

  std::unique_ptr<PacketSource> inner_;
  CellShape shape_;
  const NodeList& nodes_;
  TrainCounts trains_;
  PacketRecord cell_;  // the next one of a train
  uint32_t left_ = 0;  // cells of the train that are still to be handed out
};

}  // namespace cuttle::capture
