#include "seastar/sending.hh"

#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include "seastar/lane_metrics.hh"

namespace cuttle {

namespace {

// What one packet of 64 KiB takes to read and pack, with room to spare.
constexpr Duration kPackOnePacket = microseconds(30);

}  // namespace

Result<std::unique_ptr<Sending>> Sending::create(Lane& lane, Pacer& pacer, PackerStage& packer_stage,
                                                 const std::string& peer, std::function<void()> packed) {
  auto tun = Readiness::watch(lane.tun.fd());
  if (!tun) return tl::unexpected(tun.error());
  std::unique_ptr<Sending> sending(
      new Sending(lane, pacer, packer_stage, std::move(*tun), std::move(packed)));
  add_sending_metrics(sending->metrics_, lane, peer);
  return sending;
}

Sending::Sending(Lane& lane, Pacer& pacer, PackerStage& packer_stage, Readiness tun,
                 std::function<void()> packed)
    : lane_(lane),
      pacer_(pacer),
      tun_(std::move(tun)),
      packer_stage_(packer_stage),
      packed_(std::move(packed)) {
  packer_stage_.add(lane_);
}

void Sending::start() {
  pacer_.add(lane_);
  tasks_.start("a packer", [this] { return pack(); });
}

seastar::future<> Sending::stop() {
  stopping_ = true;
  tun_.end();
  pacer_.remove(lane_);
  return tasks_.close();
}

void Sending::handle_losses(const Losses& losses) {
  losses_ = losses;
  pacer_.set_loss(lane_, losses.ours_65536ths);
}

void Sending::nudge() {
  if (!waits_) return;  // it looks before it waits
  waits_ = false;
  tun_.end();
}

seastar::future<> Sending::pack() {
  while (!stopping_) {
    waits_ = true;
    co_await tun_.readable();
    if (!waits_ && !stopping_) tun_.clear_end();
    waits_ = false;
    while (!stopping_) {
      for (PacerTurn turn(pacer_, kPackOnePacket); !turn.has_come() && !stopping_;) {
        co_await pacer_.next_release();
      }
      if (stopping_) break;
      const PackerStage::Outcome outcome = packer_stage_.pack(lane_, losses_, 1);
      packed_();
      if (outcome == PackerStage::Outcome::drained && !PackerStage::has_waiting(lane_)) break;
      if (outcome == PackerStage::Outcome::no_room) co_await pacer_.next_release();
      co_await seastar::coroutine::maybe_yield();
    }
  }
}

}  // namespace cuttle
