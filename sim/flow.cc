#include "sim/flow.hh"

#include <algorithm>

namespace cuttle::sim {

namespace {

constexpr uint32_t kWindow = 8;
constexpr size_t kAckBytes = 52;

}  // namespace

Flow::Flow(EventLoop& loop, PacketSink& sink, Checker& checker, const FlowShape& shape)
    : loop_(loop), sink_(sink), checker_(checker), shape_(shape), timeout_(shape.first_timeout) {
  fill_window();
  arm();
}

void Flow::send(NodeNumber source, NodeNumber destination, size_t bytes, FlowMark mark) {
  const InnerKind kind = shape_.has_checksums ? InnerKind::summed : InnerKind::bare;
  auto packet = checker_.make_packet(source, destination, bytes, false, connection(), mark, kind);
  const bool is_left = shape_.has_checksums && mark.segment % 2 == 1;
  sink_.send_packet(source, destination,
                    is_left ? leave_to_card(std::move(packet), bytes) : HostPacket{std::move(packet)});
}

void Flow::send_segment(uint32_t segment) {
  send(shape_.source, shape_.destination, shape_.segment_bytes, {shape_.number, segment, false});
}

void Flow::send_ack() {
  send(shape_.destination, shape_.source, kAckBytes, {shape_.number, wanted_, true});
}

void Flow::handle_packet(const FlowMark& mark) {
  mark.is_ack ? handle_ack(mark.segment) : handle_segment(mark.segment);
}

void Flow::handle_segment(uint32_t segment) {
  if (segment >= wanted_) early_.insert(segment);
  while (early_.erase(wanted_) > 0) ++wanted_;
  send_ack();
}

void Flow::handle_ack(uint32_t next_wanted) {
  if (finished()) return;
  if (next_wanted > acknowledged_) {
    acknowledged_ = next_wanted;
    sent_ = std::max(sent_, acknowledged_);
    repeated_acks_ = 0;
    timeout_ = shape_.first_timeout;
    fill_window();
    arm();
  } else if (next_wanted == acknowledged_ && ++repeated_acks_ == 3) {
    send_segment(acknowledged_);
  }
}

void Flow::fill_window() {
  while (sent_ < shape_.segments && sent_ < acknowledged_ + kWindow) send_segment(sent_++);
}

void Flow::arm() {
  if (finished()) return;
  loop_.after(timeout_, [this, timer = ++timer_] { timed_out(timer); });
}

void Flow::timed_out(uint64_t timer) {
  if (timer != timer_ || finished()) return;
  sent_ = acknowledged_;  // and all that followed it again
  fill_window();
  repeated_acks_ = 0;
  timeout_ = std::min(timeout_ * 2, shape_.longest_timeout);
  arm();
}

}  // namespace cuttle::sim
