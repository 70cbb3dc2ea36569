#include "node/hedged_entropy.hh"

#include <algorithm>
#include <array>

#include "crypto/blake2s.hh"
#include "io/clock.hh"
#include "io/entropy.hh"

namespace cuttle {

void fill_with_hedged_entropy(MutableBytes out) {
  std::array<uint8_t, kBlake2sSize> random;
  while (!out.empty()) {
    fill_with_entropy(random);
    uint8_t clocks[16];
    store_be64(clocks, wall_clock_ns());
    store_be64(clocks + 8, static_cast<uint64_t>(steady_now().ns));
    Blake2sHash mixed = blake2s({Bytes(random), Bytes(clocks)});
    const size_t count = std::min(out.size(), mixed.size());
    std::copy_n(mixed.begin(), count, out.begin());
    wipe(mixed.data(), mixed.size());
    out = out.subspan(count);
  }
  wipe(random.data(), random.size());
}

}  // namespace cuttle
