#include "node/queue_door.hh"

namespace cuttle {

namespace {

constexpr uint32_t kEthernetAndUdpV4 = 14 + 20 + 8;

}  // namespace

std::optional<PauseTable> draw_pauses(const DrawKey& key, std::span<const uint32_t> cell_bytes) {
  Draws draws(key);
  return PauseTable::draw(draws, cell_bytes.front() + kEthernetAndUdpV4);
}

}  // namespace cuttle
