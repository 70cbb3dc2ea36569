// What work costs on a simulated host, in virtual time. The figures are of the order of what was measured on
// a small machine (docs/benchmarks.md); what matters is which of them depend on payload.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.hh"

namespace cuttle::sim {

struct CostModel {
  // Packer and receiver: depends on payload.
  Duration read_packet = nanoseconds(1500);
  int64_t read_byte_ps = 150;
  Duration write_packet = nanoseconds(2000);
  int64_t write_byte_ps = 200;
  // Receiver: the same for every cell.
  Duration open_cell = nanoseconds(400);
  // Pacer: the same for every slot.
  Duration seal_cell = nanoseconds(300);
  Duration send_cell = nanoseconds(350);
  // Handshakes' thread.
  Duration handshake_round = microseconds(15);
  Duration handshake = microseconds(350);

  // A host whose work on packets takes so much longer.
  void slow_down(int64_t times) {
    read_packet = read_packet * times;
    read_byte_ps *= times;
    write_packet = write_packet * times;
    write_byte_ps *= times;
    open_cell = open_cell * times;
  }

  Duration read(size_t bytes) const {
    return read_packet + nanoseconds(static_cast<int64_t>(bytes) * read_byte_ps / 1000);
  }
  Duration write(size_t bytes) const {
    return write_packet + nanoseconds(static_cast<int64_t>(bytes) * write_byte_ps / 1000);
  }
};

// Mistakes that a driver, or what it runs on, could make (those of the engine are in scripts/mutants). Each
// lets payload show on the wire, and the noninterference test must find each: the test of the test.
enum class Mutant {
  none,
  pack_on_pacer,      // the pacer's thread packs what waits before it seals
  data_is_dear,       // a cell with a packet in it takes longer to seal than the pacer allows for
  wait_for_packer,    // the pacer waits until the packet being packed is complete
  stamped_when_read,  // a handshake came in when it is read, after what was read before it
  steps_by_need,      // a ladder's steps are not given, but follow what is needed
};
inline constexpr Mutant kMutants[] = {Mutant::pack_on_pacer, Mutant::data_is_dear, Mutant::wait_for_packer,
                                      Mutant::stamped_when_read, Mutant::steps_by_need};
const char* mutant_name(Mutant mutant);

}  // namespace cuttle::sim
